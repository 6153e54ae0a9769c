import { servedVersion } from '../../model/served-version.ts';

/** `/version`, as Kubernetes answers it. */
export function versionInfo(): Readonly<Record<string, string>> {
  return {
    major: '1',
    minor: '34',
    gitVersion: servedVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node ${process.version}`,
    compiler: 'node',
    platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
