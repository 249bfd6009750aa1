import { exhaustedCodes } from './fact-tests.ts';
import type { ReasonRow } from './reason-row.ts';
import type { FailureReason } from '../failure.ts';

/** Endings that are our own or of this host: they say nothing about a path. */
export const ownReasons = {
  cancelled: {
    title: 'blobprobe ended the run',
    when: (f) => f.aborted === 'cancelled',
    blame: 'prober',
    round: { family: 'other', needsSuccessAfter: true, ownWords: false, byHop: false, local: true, timed: false },
    tells: { own: true, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: false,
    words: {
      wire: 'blobprobe ended it: shutdown, reload of the configuration, or an interrupted command.',
      causes: 'a restart of blobprobe in mid-push.',
      remedy:
        'nothing; such runs say nothing about the path. blobprobe cancels the session; after a crash, it does so with the help of the ledger.',
      blamed: '`prober`.',
    },
  },
  deadline: {
    title: 'the run reached its own timeout',
    when: (f) => f.aborted === 'deadline',
    blame: 'unknown',
    round: { family: 'other', needsSuccessAfter: true, ownWords: false, byHop: false, local: true, timed: false },
    tells: { own: true, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: "nothing failed, but the run's `timeout` passed; the phase says where it was.",
      causes:
        'the path is slower than planned; a client that waits for ever (docker has no header timeout) for an answer that does not come; retries and their waits that do not fit.',
      remedy:
        'in phase `wait`, treat it as `response_timeout`; in phase `send`, compare throughput with other paths; else raise `timeout` or lower the size.',
      blamed: '`unknown`.',
    },
  },
  prober_exhausted: {
    title: 'this host ran out of descriptors, memory or ports',
    when: (f) => exhaustedCodes(f.network?.code),
    blame: 'prober',
    round: { family: 'other', needsSuccessAfter: true, ownWords: false, byHop: false, local: true, timed: false },
    tells: { own: true, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: false,
    words: {
      wire: 'nothing: this host had no file descriptor, memory, buffer or local port left (`EMFILE`, `ENFILE`, `ENOMEM`, `ENOBUFS`, `EADDRNOTAVAIL`), or `localAddress` is not one of its addresses.',
      causes:
        'a low limit on open files; a memory limit of the container; ports in TIME_WAIT after very many short connections; a wrong `localAddress`.',
      remedy:
        'look at `ulimit -n`, the limits of the container and `ss -s` on the host of blobprobe; correct `localAddress`. Such a run says nothing about its path.',
      blamed: '`prober`.',
    },
  },
  internal: {
    title: 'blobprobe failed',
    when: () => true,
    blame: 'prober',
    round: { family: 'other', needsSuccessAfter: true, ownWords: false, byHop: false, local: true, timed: false },
    tells: { own: true, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: 'an error that came neither from the network nor from the registry.',
      causes: 'a defect in blobprobe, a file that cannot be read.',
      remedy: "report it with the run's JSON.",
      blamed: '`prober`.',
    },
  },
} as const satisfies Partial<Record<FailureReason, ReasonRow>>;
