import { configJsonSchema } from '../config/json-schema.ts';
import type { Command } from './command.ts';

export const schemaCommand: Command = {
  name: 'schema',
  summary: 'Prints the JSON Schema of the configuration file, for editors.',
  flags: {},
  run: async (_values, terminal) => {
    terminal.out(configJsonSchema());
    return 0;
  },
};
