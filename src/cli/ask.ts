import { UsageError } from './flags.ts';

const enter = /[\r\n]/;
const interrupt = '\u0003';
const endOfInput = '\u0004';
const rubOut: readonly string[] = ['\u0008', '\u007f'];

/**
 * Asks on standard error for one line from the terminal. What is typed for a secret is not shown. Throws UsageError when the person ends
 * it with Ctrl-C or Ctrl-D.
 */
export async function askOnTerminal(question: string, secret = false): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  try {
    return await line(stdin, secret ? () => {} : (text) => stderr.write(text));
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

function line(stdin: NodeJS.ReadStream, echo: (text: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      for (const character of chunk.toString()) {
        const isEnd = enter.test(character);
        const isGivenUp = character === interrupt || character === endOfInput;
        if (isEnd || isGivenUp) {
          stdin.off('data', onData);
          if (isEnd) resolve(text);
          else reject(new UsageError('no answer was given'));
          return;
        }
        if (rubOut.includes(character)) {
          if (text !== '') echo('\b \b');
          text = text.slice(0, -1);
        } else {
          text += character;
          echo(character);
        }
      }
    };
    stdin.on('data', onData);
  });
}
