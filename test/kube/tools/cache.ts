import { homedir } from 'node:os';
import { join } from 'node:path';

/** What survives between runs and is outside of the checkout; `MOORAGE_CACHE` moves it. */
export const cache =
  process.env['MOORAGE_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'moorage');

/** The programs and images of the Kubernetes under test. */
export const kubeCache = join(cache, 'kube');
