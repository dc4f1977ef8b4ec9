// Plain Node, no dependency: installs the locked packages when node_modules does not match package-lock.json. Each npm
// script begins with it, because npm runs no pre-scripts where .npmrc says ignore-scripts.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oldest = [20, 19];

const packagesIn = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;

function installedMatchesLock() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const installed = packagesIn('node_modules/.package-lock.json');
  return Object.entries(packagesIn('package-lock.json'))
    .filter(([path, entry]) => path !== '' && !entry.optional && !entry.devOptional)
    .every(([path, entry]) => installed[path]?.version === entry.version);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  console.error(`Ingot needs Node ${oldest.join('.')} or later; this is ${process.versions.node}`);
  process.exit(1);
}
if (!installedMatchesLock()) {
  console.error('installing the locked packages (npm ci) ...');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const { status } = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_ENV: 'development' },
  });
  process.exit(status ?? 1);
}
