import { refersTo, synthesize } from './synthesize';

const { ofType, functions } = synthesize({ alarmEmail: 'ops@example.com' });
const alarms = ofType('CloudWatch::Alarm');
const [topic] = ofType('SNS::Topic');

describe('the alarms', () => {
  it('all go to the one topic, when they begin and when they end', () => {
    for (const { properties } of alarms) {
      expect(refersTo(properties.AlarmActions, topic?.id ?? 'no topic')).toBe(true);
      expect(refersTo(properties.OKActions, topic?.id ?? 'no topic')).toBe(true);
    }
  });

  it('say what is wrong and what to do', () => {
    const descriptions: string[] = alarms.map(({ properties }) => properties.AlarmDescription);

    expect(descriptions.filter((text) => !/: .{10,}/.test(text))).toEqual([]);
    expect(new Set(descriptions).size).toBe(alarms.length);
  });

  it('are silent where nothing happens', () => {
    expect(new Set(alarms.map(({ properties }) => properties.TreatMissingData))).toEqual(
      new Set(['notBreaching']),
    );
  });

  it.each(
    ofType('SQS::Queue')
      .filter(({ properties }) => properties.RedrivePolicy === undefined)
      .map(({ id }) => id),
  )('sound when one message is given up: %s', (id) => {
    const ofQueue = alarms.filter(({ properties }) => refersTo(properties.Dimensions, id));

    expect(ofQueue.map(({ properties }) => [properties.MetricName, properties.Threshold])).toEqual([
      ['ApproximateNumberOfMessagesVisible', 1],
    ]);
  });

  it.each(
    ofType('SQS::Queue')
      .filter(({ properties }) => properties.RedrivePolicy !== undefined)
      .map(({ id }) => id),
  )('sound when messages wait: %s', (id) => {
    const ofQueue = alarms.filter(({ properties }) => refersTo(properties.Dimensions, id));

    expect(ofQueue.map(({ properties }) => properties.MetricName)).toEqual(['ApproximateAgeOfOldestMessage']);
  });

  it.each([...functions.keys()])('sound when a function fails: %s', (name) => {
    const id = functions.get(name)?.id ?? 'no function';

    const ofFunction = alarms.filter(({ properties }) => refersTo(properties.Dimensions, id));

    expect(ofFunction.map(({ properties }) => [properties.MetricName, properties.Threshold])).toEqual([
      ['Errors', 1],
    ]);
  });

  it.each(['JobsFailed', 'JobsBlocked', 'ApiFaults', 'ApiSlow', 'RecordsThrottled', 'FunctionsThrottled'])(
    'exist for %s',
    (id) => {
      expect(alarms.some((alarm) => alarm.id.startsWith(id))).toBe(true);
    },
  );

  it.each([
    ['JobsFailed', 'RunEventsFailed'],
    ['JobsBlocked', 'RunEventsBlocked'],
  ])('count by rule: %s by %s', (id, rule) => {
    const alarm = JSON.stringify(alarms.find((one) => one.id.startsWith(id))?.properties);

    expect(alarm).toContain('"MetricName":"TriggeredRules","Namespace":"AWS/Events"');
    expect(alarm).toContain(rule);
  });

  it('are mailed to whom the stage names, and to nobody where it names nobody', () => {
    const subscriptions = ofType('SNS::Subscription').map(({ properties }) => [
      properties.Protocol,
      properties.Endpoint,
    ]);

    expect(subscriptions).toEqual([['email', 'ops@example.com']]);
    expect(synthesize().ofType('SNS::Subscription')).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('shows every alarm', () => {
    const body = JSON.stringify(ofType('CloudWatch::Dashboard')[0]?.properties.DashboardBody);

    expect(alarms.filter(({ id }) => !body.includes(id)).map(({ id }) => id)).toEqual([]);
  });
});
