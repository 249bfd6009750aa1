import { z } from 'zod';
import { text } from './scalars.ts';

/** Framing and routing are what this product measures, so they are not for the operator to set. */
const reservedHeaders: readonly string[] = [
  'connection',
  'content-length',
  'content-range',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

const name = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'the name of an HTTP header' })
  .refine((value) => !reservedHeaders.includes(value.toLowerCase()), {
    error: `the name of a header that is free to set (not ${reservedHeaders.join(', ')})`,
  });
const value = text(
  {
    description: 'Value of the header.',
    error: 'the value of an HTTP header (a string of visible Latin-1 characters)',
  },
  /^[\t\x20-\x7e\x80-\xff]+$/,
);
export const headersSchema = z.record(name, value, { error: 'a map of header names to values' }).meta({
  description:
    "Extra headers on each request to the path's own hosts. The redacted configuration hides values whose names look like credentials.",
});
