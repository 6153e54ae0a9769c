import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { jsonForms, registry } from '../protocol/kubernetes_pb.ts';

/** How a value stands in JSON. `raw` is JSON as bytes, `list` a message that is a plain list. */
export type Form =
  | { readonly as: 'text' | 'boolean' | 'number' | 'base64' }
  | { readonly as: 'time' | 'microTime' | 'quantity' | 'intOrString' | 'raw' }
  | { readonly as: 'list' | 'object'; readonly plan: MessagePlan };

/** A field of a message. */
export interface PlannedField {
  readonly number: number;
  /** Its name in JSON. */
  readonly name: string;
  readonly form: Form;
  readonly many: 'one' | 'list' | 'map';
  /** False if an empty text, zero and false are no more than absent. */
  readonly keepsZero: boolean;
  /** True if its own fields stand in JSON where it would be. */
  readonly inline: boolean;
}

/** A message: its fields by number, and in the order of their numbers. */
export interface MessagePlan {
  readonly byNumber: readonly (PlannedField | undefined)[];
  readonly fields: readonly PlannedField[];
}

const plans = new Map<string, MessagePlan>();

/** How a message is read and written; undefined if there is none of that name. */
export function planOf(name: string): MessagePlan | undefined {
  const known = plans.get(name);
  if (known) return known;
  const message = registry.getMessage(name);
  return message ? planFrom(message) : undefined;
}

function planFrom(message: DescMessage): MessagePlan {
  const known = plans.get(message.typeName);
  if (known) return known;
  const byNumber: (PlannedField | undefined)[] = [];
  const fields: PlannedField[] = [];
  // Noted before its fields are: a message may hold itself.
  const plan: MessagePlan = { byNumber, fields };
  plans.set(message.typeName, plan);
  for (const field of message.fields.toSorted((one, other) => one.number - other.number)) {
    const planned = fieldOf(message.typeName, field);
    byNumber[planned.number] = planned;
    fields.push(planned);
  }
  return plan;
}

function fieldOf(message: string, field: DescField): PlannedField {
  const { inline = [], zero = [], renamed = {} } = jsonForms[message] ?? {};
  return {
    number: field.number,
    name: renamed[field.name] ?? field.name,
    form: formOf(field),
    many: field.fieldKind === 'list' ? 'list' : field.fieldKind === 'map' ? 'map' : 'one',
    keepsZero: zero.includes(field.name),
    inline: inline.includes(field.name),
  };
}

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const special: Readonly<Record<string, Form>> = {
  [`${meta}.Time`]: { as: 'time' },
  [`${meta}.MicroTime`]: { as: 'microTime' },
  [`${meta}.FieldsV1`]: { as: 'raw' },
  'k8s.io.apimachinery.pkg.runtime.RawExtension': { as: 'raw' },
  'k8s.io.apimachinery.pkg.api.resource.Quantity': { as: 'quantity' },
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': { as: 'intOrString' },
};

function formOf(field: DescField): Form {
  if (field.message) {
    const name = field.message.typeName;
    return special[name] ?? { as: jsonForms[name]?.list ? 'list' : 'object', plan: planFrom(field.message) };
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return { as: 'text' };
    case ScalarType.BOOL:
      return { as: 'boolean' };
    case ScalarType.BYTES:
      return { as: 'base64' };
    case ScalarType.INT32:
    case ScalarType.INT64:
      // Packed lists of numbers, which nothing that is served has, would be read and written in another way.
      if (field.fieldKind === 'scalar') return { as: 'number' };
      break;
    default:
  }
  throw new Error(`${field.toString()}: no message so far has a field of this type: read and write it first`);
}
