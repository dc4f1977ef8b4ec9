import { storesOf } from '../composition/platform';
import { authorize, authorizeHandler } from '../http/authorize';
import { settingsOf, wireAdminKey, wirePlatform } from '../wiring';

const settings = settingsOf('authorize', process.env);
const platform = wirePlatform('authorize', settings);
const administratorKey = await wireAdminKey(settings);

export const handler = authorizeHandler({
  authorize: authorize({ keys: storesOf(platform).apiKeys, administratorKey, clock: platform.clock }),
});
