import { nextStep } from '../../../infra/local/retry-strategy';

const ended = { code: null, signal: null } as const;

describe('the retry strategy', () => {
  it.each([
    ['exit 0', { ...ended, code: 0 }, 'succeeded', false],
    ['exit 75, which asks for another try', { ...ended, code: 75 }, 'interrupted', true],
    ['a host that went away', { ...ended, hostLost: true }, 'interrupted', true],
    ['exit 64, a bad spec', { ...ended, code: 64 }, 'failed', false],
    ['exit 70, an internal error', { ...ended, code: 70 }, 'failed', false],
    ['a kill by the kernel', { ...ended, signal: 'SIGKILL' as const }, 'failed', false],
  ])('after %s', (_name, end, state, retry) => {
    const so = { attempt: 1, attempts: 3 };

    const step = nextStep(end, so);

    expect(step.retry).toBe(retry);
    expect(step.event.state).toBe(state);
  });

  it('fails, and says that the attempts are used up, when the last one is interrupted', () => {
    const step = nextStep({ ...ended, code: 75 }, { attempt: 3, attempts: 3 });

    expect(step.retry).toBe(false);
    expect(step.event).toMatchObject({ state: 'failed', exit_code: 75 });
    expect(step.event.reason).toContain('all 3 attempts are used up');
  });

  it('never tries again what was stopped on purpose', () => {
    const step = nextStep({ ...ended, code: 75 }, { attempt: 1, attempts: 3, stopped: 'timeout after 60 s' });

    expect(step).toEqual({
      retry: false,
      event: { state: 'failed', exit_code: 75, reason: 'timeout after 60 s' },
    });
  });

  it('reports the exit code that a container runtime would for a signal', () => {
    const step = nextStep({ ...ended, signal: 'SIGKILL' }, { attempt: 1, attempts: 3 });

    expect(step.event.exit_code).toBe(137);
  });
});
