#!/usr/bin/env node
import { runCommandLine } from './cli/command-line.ts';
import { demoCommand } from './cli/demo.ts';
import { createEngine } from './cli/engine.ts';
import { healthcheckCommand } from './cli/healthcheck.ts';
import { schemaCommand } from './cli/schema.ts';
import { serveCommand } from './cli/serve.ts';
import { clientProfiles } from './probe/client-profiles.ts';
import { watchEventLoopLag } from './publish/event-loop-lag.ts';

const lag = watchEventLoopLag();
const deps = { run: createEngine(), profiles: clientProfiles, eventLoopLagSeconds: () => lag.maxSeconds() };

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  [serveCommand(deps), demoCommand(deps), schemaCommand, healthcheckCommand],
  {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
  },
);
