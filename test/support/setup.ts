import { aroundAll, aroundEach } from 'vitest';
import { endingAll } from './ending.ts';

// No test and no file leaves a process running or a folder behind, whichever way it ends.
aroundEach(async (runTest) => void (await endingAll(runTest)));
aroundAll(async (runFile) => void (await endingAll(runFile)));
