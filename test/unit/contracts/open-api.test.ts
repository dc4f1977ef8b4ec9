import SwaggerParser from '@apidevtools/swagger-parser';
import { openApi } from '../../../shared/contracts/open-api';
import type { RouteDefinition } from '../../../shared/contracts/route-definition';
import { routes } from '../../../shared/contracts/routes';

/** As a client reads it. */
const described = () => JSON.parse(JSON.stringify(openApi('1.2.3')));

describe('the OpenAPI description', () => {
  it('is valid OpenAPI 3.1, with every reference leading somewhere', async () => {
    const description = described();

    const validated = await SwaggerParser.validate(description);

    expect(validated).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  });

  it('fails validation where it is broken', async () => {
    const { info: _, ...broken } = described();

    const validation = SwaggerParser.validate(broken);

    await expect(validation).rejects.toThrow(/not a valid/i);
  });

  it('has every operation of the route table', () => {
    const { paths } = described();

    const operations = Object.values<RouteDefinition>(routes).map(
      ({ method, path }) => paths[path]?.[method.toLowerCase()]?.operationId,
    );

    expect(operations.filter((id) => typeof id === 'string')).toHaveLength(Object.keys(routes).length);
    expect(new Set(operations).size).toBe(operations.length);
  });

  it('shows numbers in paths and queries as numbers, and the kinds that may be submitted', () => {
    const { paths, components } = described();

    const limit = paths['/v1/jobs'].get.parameters.find(({ name }: { name: string }) => name === 'limit');

    expect(limit.schema).toMatchObject({ type: 'integer' });
    expect(components.schemas.SubmitJobRequest.properties.kind.enum).toEqual([
      'train',
      'compress',
      'tune',
      'evaluate',
    ]);
  });
});
