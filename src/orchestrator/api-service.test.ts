import { expect, test } from 'vitest';
import { openTemporaryApi } from '../api/embedded/temporary.ts';
import { services } from '../model/kinds/index.ts';
import { ensureApiService } from './api-service.ts';

test('the Service of the API says where it is served now', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const ref = { namespace: 'default', name: 'kubernetes' };
  await ensureApiService(api, 6443);
  const { uid, resourceVersion } = (await api.get(services, ref))?.metadata ?? {};
  expect((await api.get(services, ref))?.spec).toMatchObject({
    clusterIP: 'None',
    ports: [{ name: 'https', port: 6443 }],
  });
  await ensureApiService(api, 6443);
  expect((await api.get(services, ref))?.metadata.resourceVersion).toBe(resourceVersion);
  await ensureApiService(api, 7443);
  expect(await api.get(services, ref)).toMatchObject({ metadata: { uid }, spec: { ports: [{ port: 7443 }] } });
  // It is Moorage's own: nobody writes Services from outside.
  await expect(api.fromOutside.delete(services, ref)).rejects.toThrow('can only be read');
});
