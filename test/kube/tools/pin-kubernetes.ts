/**
 * Makes the module that a minor version of Kubernetes is built from: `node test/kube/tools/pin-kubernetes.ts v1.33.13`
 * writes the folder kubernetes-1.33. The staging modules, which Kubernetes itself takes from its own tree, are pinned to
 * the release that belongs to it, or, where that cannot be had, to the one named after it:
 * `… v1.33.13 k8s.io/sample-apiserver@v0.33.3`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail } from '../../../src/lib/errors.ts';
import { exec } from '../../../src/lib/exec.ts';
import { familiesOf } from './families.ts';

const version = process.argv[2] ?? '';
const [, minor] = /^v(1\.\d+)\.\d+$/.exec(version) ?? fail('invalid', 'name a version, such as v1.33.13');
const folder = join(fileURLToPath(new URL('.', import.meta.url)), `kubernetes-${minor}`);
const exceptions = new Map(process.argv.slice(3).map((text) => [text.split('@')[0], text.split('@')[1]]));
const minutes = 60_000;

const downloaded = await exec(['go', 'mod', 'download', '-json', `k8s.io/kubernetes@${version}`], {
  timeout: 10 * minutes,
});
const { GoMod: upstream }: { GoMod: string } = JSON.parse(downloaded.stdout);
const described = await exec(['go', 'mod', 'edit', '-json', upstream]);
const { Go: go, Replace: replaces }: { Go: string; Replace: { Old: { Path: string }; New: { Path: string } }[] } =
  JSON.parse(described.stdout);
const staging = replaces.filter((one) => one.New.Path.startsWith('./staging/')).map((one) => one.Old.Path);
const packages =
  familiesOf(minor ?? '')
    .find(({ module }) => module === 'k8s.io/kubernetes')
    ?.tools.map((tool) => tool.package) ?? [];

await mkdir(folder, { recursive: true });
await writeFile(
  join(folder, 'go.mod'),
  `module moorage.test/kube/kubernetes-${minor}

go ${go}

require k8s.io/kubernetes ${version}

tool (
${packages.map((name) => `\t${name}`).join('\n')}
)

replace (
${staging.map((name) => `\t${name} => ${name} ${exceptions.get(name) ?? version.replace('v1', 'v0')}`).join('\n')}
)
`,
);
await exec(['go', 'mod', 'tidy'], { cwd: folder, timeout: 10 * minutes });
console.log(folder);
