import { InvalidModelError } from '../errors/graph-errors';
import type { Model } from './ir';
import { houseIrVersion, houseOpset } from './model';
import { upgrades } from './upgrades';
import { rewrite } from './walk';

const oldest = 7;

/**
 * The same model in today's operators, so that it can be joined with what we build: ai.onnx is raised to the house's version.
 * A newer model is left as it is. `InvalidModelError` below version 7, and for forms that have no equal today.
 */
export function upgradeModel(model: Model): Model {
  const version = model.opsets[''] ?? 1;
  if (version >= houseOpset) return model;
  if (version < oldest) {
    throw new InvalidModelError(
      `the model is written for opset ${version}: export it again for opset ${oldest} or later`,
    );
  }
  const graph = rewrite(model.graph, (_, rebuilt) => {
    if (rebuilt.kind !== 'operation' || rebuilt.domain !== '' || !Object.hasOwn(upgrades, rebuilt.op))
      return undefined;
    const step = upgrades[rebuilt.op];
    return step !== undefined && version < step.changedIn ? step.upgrade(rebuilt) : undefined;
  });
  return {
    ...model,
    graph,
    irVersion: Math.max(model.irVersion, houseIrVersion),
    opsets: { ...model.opsets, '': houseOpset },
  };
}
