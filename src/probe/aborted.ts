/** Why we ended a run ourselves; the reason of the run's AbortSignal. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  readonly kind: 'deadline' | 'cancelled';

  constructor(kind: 'deadline' | 'cancelled') {
    super(kind === 'deadline' ? 'the run reached its timeout' : 'the run was cancelled');
    this.kind = kind;
  }
}
