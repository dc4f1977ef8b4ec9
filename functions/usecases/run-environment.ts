import { env } from '../../shared/config/env';
import { objectKeys } from '../../shared/contracts/job-files';
import type { RunOrder } from '../../shared/contracts/run-order';
import type { ObjectStore } from '../../shared/ports/object-store';

/** ECS takes 8,192 characters for all that a run overrides. */
const longestInlineOrder = 5 * 1024;

/**
 * The variables that tell a container what to do: the order itself, or where it is too long for a variable, the key of
 * an object that holds it.
 */
export async function runEnvironment(
  objects: Pick<ObjectStore, 'put'>,
  order: RunOrder,
  token: string,
): Promise<Record<string, string>> {
  const text = JSON.stringify(order);
  const identity = {
    [env.INGOT_TENANT]: order.tenant,
    [env.INGOT_JOB_ID]: order.job_id,
    [env.INGOT_JOB_TOKEN]: token,
  };
  if (Buffer.byteLength(text) <= longestInlineOrder) return { ...identity, [env.INGOT_ORDER]: text };
  const key = `${objectKeys.jobPrefix(order.tenant, order.job_id)}order.json`;
  await objects.put(key, Buffer.from(text));
  return { ...identity, [env.INGOT_ORDER_KEY]: key };
}
