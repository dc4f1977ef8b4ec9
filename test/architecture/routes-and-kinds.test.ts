import { basename } from 'node:path';
import { jobKinds } from '../../jobs/kinds/index';
import { jobSpecs } from '../../shared/contracts/job';
import { type RouteName, routes } from '../../shared/contracts/routes';
import { files, inCamelCase, read } from './tree';

const routeNames = Object.values(routes).map(({ name }) => name);
const kinds = Object.keys(jobSpecs);

/** They answer what never changes while the process lives. */
const answeredAtOnce: readonly RouteName[] = [
  'get-health',
  'get-liveness',
  'get-open-api',
  'get-readiness',
  'get-server-metadata',
];

/** Two paths to one thing: with a version in them and without. */
const usecaseOf: Partial<Record<RouteName, string>> = {
  'get-model-version-metadata': 'get-model-metadata',
  'get-model-version-readiness': 'get-model-readiness',
  'infer-model-version': 'infer-model',
};

const namesIn = (folder: string) =>
  files.filter((path) => path.startsWith(`${folder}/`)).map((path) => basename(path, '.ts'));

const exports = (path: string, name: string) =>
  new RegExp(`^export (const|function) ${name}\\b`, 'm').test(read(path));

describe('a route', () => {
  it.each(routeNames)('has a handler of its name, and nothing else in its file: %s', (name) => {
    const path = `functions/http/${name}.ts`;

    expect(files).toContain(path);
    expect(exports(path, `${inCamelCase(name)}Handler`)).toBe(true);
    expect([...read(path).matchAll(/routes\['([^']+)'\]/g)].map(([, used]) => used)).toEqual([name]);
  });

  it.each(routeNames.filter((name) => !answeredAtOnce.includes(name)))(
    'has a use case of its name: %s',
    (name) => {
      const usecase = usecaseOf[name] ?? name;
      const path = `functions/usecases/${usecase}.ts`;

      expect(files).toContain(path);
      expect(exports(path, inCamelCase(usecase))).toBe(true);
    },
  );

  it('is named in the table by its own name', () => {
    expect(routeNames).toEqual(Object.keys(routes));
  });

  it('stands behind every handler', () => {
    const handlers = namesIn('functions/http').filter((name) =>
      read(`functions/http/${name}.ts`).includes('routes['),
    );

    expect(handlers.sort()).toEqual([...routeNames].sort());
  });
});

describe('a job kind', () => {
  it.each(kinds)(
    'has a spec in the contracts, a file in the container and a row in its registry: %s',
    (kind) => {
      expect(exports(`shared/contracts/kinds/${kind}.ts`, `${kind}Spec`)).toBe(true);
      expect(files).toContain(`jobs/kinds/${kind}.ts`);
      expect(Reflect.get(jobKinds, kind)).toMatchObject({ name: kind });
    },
  );

  it('is what every file among them is', () => {
    const apart = ['index', 'job-kind'];

    expect(namesIn('shared/contracts/kinds').sort()).toEqual([...kinds].sort());
    expect(
      namesIn('jobs/kinds')
        .filter((name) => !apart.includes(name))
        .sort(),
    ).toEqual([...kinds].sort());
    expect(Object.keys(jobKinds).sort()).toEqual([...kinds].sort());
  });
});
