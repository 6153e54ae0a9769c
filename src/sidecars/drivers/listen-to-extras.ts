import type { Driver, DriverRegistry } from './driver.ts';
import type { DriverExtras } from './extras.ts';

/** Listens to something that drivers tell beyond CSI: once for each driver, however often it comes back. */
export function listenToExtras(
  drivers: Pick<DriverRegistry, 'onChange'>,
  listen: (extras: DriverExtras, driver: string) => Disposable | undefined,
): Disposable {
  const listening = new DisposableStack();
  const known = new Set<string>();
  const begin = ({ name, extras }: Driver) => {
    if (known.has(name)) return;
    known.add(name);
    listening.use(listen(extras, name));
  };
  listening.use(drivers.onChange(begin));
  return listening;
}
