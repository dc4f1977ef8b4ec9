import { readStage, StageContextError } from '../../infra/stages';

const setup = (context: Record<string, unknown>) => () => readStage((name) => context[name]);

describe('the stage config', () => {
  it.each([
    { stage: 'dev', keepData: false, firewall: false, endpointZones: 1 },
    { stage: 'prod', keepData: true, firewall: true, endpointZones: 2 },
  ])('is that of $stage where nothing else is said', ({ stage, ...expected }) => {
    const read = setup({ stage });

    const config = read();

    expect(config).toMatchObject({ name: stage, egress: 'endpoints', ...expected });
  });

  it('takes what the command line overrides, as text', () => {
    const read = setup({
      stage: 'dev',
      firewall: 'true',
      endpointZones: '2',
      gpuMaxVcpus: '64',
      alarmEmail: 'ops@example.com',
      egress: 'nat',
    });

    const config = read();

    expect(config).toMatchObject({
      firewall: true,
      endpointZones: 2,
      gpuMaxVcpus: 64,
      alarmEmail: 'ops@example.com',
      egress: 'nat',
    });
  });

  it.each([
    [{}, /context 'stage' is not set.*"dev"\|"prod".*-c stage=<value>/],
    [{ stage: 'qa' }, /context 'stage' is "qa".*"dev"\|"prod"/],
    [{ stage: 'dev', firewall: 'yes' }, /context 'firewall' is "yes"/],
    [{ stage: 'dev', alarmEmail: 'me' }, /context 'alarmEmail' is "me": must be an e-mail address/],
    [{ stage: 'dev', egress: 'proxy' }, /context 'egress' is "proxy".*"endpoints"\|"nat"/],
    [{ stage: 'dev', endpointZones: '3' }, /context 'endpointZones' is "3".*<=2/],
  ])('refuses %j by name, with the value got and those allowed', (context, message) => {
    const read = setup(context);

    expect(read).toThrow(StageContextError);
    expect(read).toThrow(message);
  });
});
