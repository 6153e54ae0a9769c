import { MoorageError } from '../../../lib/errors.ts';
import { beginning } from '../../../lib/text.ts';
import type { FieldError, Kind } from '../../../model/kind.ts';

/** Of what somebody sent, no more is sent back than a person reads. */
const mostCauses = 50;
const longestField = 500;
const longestMessage = 10_000;

/** An `invalid` object, with each broken rule: what a server answers as 422 with details.causes. */
export class InvalidObject extends MoorageError {
  readonly causes: readonly FieldError[];
  /** True if a server that knows the kind by its Go type could not have read it. */
  readonly undecodable: boolean;

  constructor(
    kind: Pick<Kind, 'group' | 'kind'>,
    name: string,
    causes: readonly FieldError[],
    options: { readonly undecodable?: boolean } = {},
  ) {
    const told = causes.slice(0, mostCauses).map(({ field, message, ...cause }) => {
      return { ...cause, field: beginning(field, longestField), message: beginning(message, longestMessage) };
    });
    const each = told.map((cause) => `${cause.field}: ${cause.message}`);
    if (causes.length > told.length) each.push(`and ${causes.length - told.length} more`);
    const what = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
    const about = beginning(name, longestField);
    super('invalid', `${what} "${about}" is invalid: ${each.length === 1 ? each[0] : `[${each.join(', ')}]`}`);
    this.causes = told;
    this.undecodable = options.undecodable ?? false;
  }
}
