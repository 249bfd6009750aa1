import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';

export interface CertificateFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Certificate and key in one text, as HAProxy and hitch want them. */
  readonly pem: () => string;
}

/**
 * Makes a private CA and a server certificate for 127.0.0.1 and registry.example.test, signed by it, valid for two days, in a new folder
 * of `directory`.
 */
export function makeCertificates(directory: string, name: string): CertificateFiles {
  const folder = join(directory, name);
  mkdirSync(folder);
  // Relative names in the folder: no argument holds a space, so one string splits into the arguments.
  const openssl = (command: string): void => {
    execFileSync(requireComponent('openssl'), command.split(' '), { cwd: folder, stdio: 'pipe' });
  };
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  openssl(`req -x509 ${newKey} -days 2 -subj /CN=${name}-ca -keyout ca.key -out ca.pem`);
  openssl(`req ${newKey} -subj /CN=127.0.0.1 -keyout server.key -out server.csr`);
  writeFileSync(
    join(folder, 'server.ext'),
    'subjectAltName=IP:127.0.0.1,DNS:registry.example.test\nbasicConstraints=CA:FALSE\n',
  );
  openssl(
    'x509 -req -days 2 -in server.csr -extfile server.ext -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem',
  );
  const [certFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  return {
    caFile: join(folder, 'ca.pem'),
    certFile,
    keyFile,
    pem: () => readFileSync(certFile, 'utf8') + readFileSync(keyFile, 'utf8'),
  };
}
