import type { Difference } from './compare.ts';

/** A difference that is there for a reason. docs/differences.md has the same list, by the same names, with the reasons. */
export interface Known {
  readonly name: string;
  readonly covers: (difference: Difference) => boolean;
  /** Not seen in every run: it depends on who is faster. */
  readonly sometimes?: boolean;
}

const absentHere = ({ embedded, cluster }: Difference) => embedded === undefined && cluster !== undefined;
const absentThere = ({ embedded, cluster }: Difference) => embedded !== undefined && cluster === undefined;

/** The steps whose whole answer is another one. */
function steps(...names: readonly `${string}: ${string}`[]) {
  return ({ scenario, step }: Difference) => names.includes(`${scenario}: ${step}`);
}

/** All that may differ. The first that covers a difference counts. */
export const known: readonly Known[] = [
  {
    name: 'pool-name',
    covers: ({ step, embedded = '', cluster }) =>
      step.startsWith('see volume/') && embedded.replace('default', 'm1') === cluster,
  },
  {
    name: 'bound-directly',
    covers: (it) => it.field === 'metadata.annotations.[pv.kubernetes.io/bound-by-controller]' && absentHere(it),
  },
  {
    name: 'waiting-events',
    covers: (it) => /^Normal External(Provisioning|Expanding)$/.test(it.field) && absentHere(it),
    sometimes: true,
  },
  {
    name: 'in-progress',
    covers: (it) => (absentThere(it) && it.embedded === inProgress) || (absentHere(it) && it.cluster === inProgress),
    sometimes: true,
  },
  { name: 'null', covers: (it) => it.cluster === 'null' && absentHere(it) },
  {
    name: 'list-items',
    covers: (it) => /^items\[\d+\]\.(apiVersion|kind)$/.test(it.field) && absentThere(it),
  },
  {
    name: 'class-parameters',
    covers: ({ step }) => step === 'a parameter that Moorage does not know',
  },
  {
    name: 'more-words',
    covers: ({ embedded, cluster }) => cluster !== undefined && embedded?.startsWith(`${cluster}: `) === true,
  },
  {
    name: 'diff-of-the-spec',
    covers: ({ embedded, cluster }) =>
      embedded?.includes('is immutable after creation') === true && firstLine(embedded) === firstLine(cluster),
  },
  {
    name: 'undecodable',
    covers: (it) => isUndecodable(it) || undecodablePatches(it),
  },
  {
    name: 'said-twice',
    covers: (it) => it.field.startsWith('details.causes[') && saidTwice(it),
  },
  {
    name: 'rules-not-checked',
    covers: ({ field, step, embedded, cluster = '' }) =>
      ['no source', 'a content with an unknown policy'].includes(step) &&
      ((field === 'message' && cluster.includes('some validation rules were not checked')) ||
        (field.startsWith('details.causes[1]') && embedded === undefined)),
  },
  {
    name: 'order-of-values',
    covers: ({ embedded = '', cluster = '' }) =>
      embedded !== cluster && embedded.includes('supported values: ') && letters(embedded) === letters(cluster),
  },
  {
    name: 'go-values',
    covers: ({ embedded = '', cluster = '' }) =>
      /value: (core\.\w|field\.Path\{|\[\]string\{)/.test(cluster) &&
      withoutValues(embedded) === withoutValues(cluster),
    sometimes: true,
  },
  { name: 'unknown-group', covers: steps('requests: GET /apis/example.com/v1/things') },
  { name: 'own-words', covers: (it) => (it.field === 'message' || it.field === 'details') && ownWords(it) },
];

/** A patch whose outcome is no object of the kind. */
const undecodablePatches = steps(
  'growth-not-allowed: grow to nonsense',
  'change-claim: patch pvc/data {"kind":"Secret"}',
);

const saidTwice = steps(
  'finalizer-of-somebody: add another while it goes',
  'change-claim: patch pvc/data {"metadata":{"uid":"x"}}',
  'change-volume: patch pv/change-volume-RUN-one {"spec":{"persistentVolumeReclaimPolicy":"Forget"}}',
  'change-volume: patch pv/change-volume-RUN-one {"spec":{"hostPath":{"path":"/data"}}}',
);

const claims = '/api/v1/namespaces/requests-RUN/persistentvolumeclaims';

/** Answers in which Kubernetes prints what its libraries say of a request that they can't read. */
const ownWords = steps(
  'change-claim: patch pvc/data [{"op":"replace","path":"/spec/nothing/there","value":1}]',
  'change-claim: patch pvc/data [{"op":"test","path":"/metadata/name","value":"x"}]',
  'change-snapshot: a patch that its kind does not take',
  `requests: POST ${claims}`,
  `requests: POST ${claims} (2)`,
  `requests: GET ${claims}?labelSelector=a%20b%20c`,
  `requests: GET ${claims}?limit=x`,
  `requests: GET ${claims}?resourceVersion=x`,
  `requests: GET ${claims}?continue=nonsense`,
  `requests: PATCH ${claims}/data`,
  `requests: PATCH ${claims}/data (2)`,
  `requests: PATCH ${claims}/data (3)`,
);

const inProgress = 'provisioner.moorage.dev/in-progress';

function firstLine(text: string | undefined): string | undefined {
  return text?.split('\n')[0]?.replace(/\]$/, '');
}

/** Whether both say first that it `cannot be handled as a Thing`. */
function isUndecodable({ embedded = '', cluster = '' }: Difference): boolean {
  const [one, other] = [embedded, cluster].map((text) =>
    /^\w+ in version "\w+" cannot be handled as a \w+: /.exec(text),
  );
  return one?.[0] !== undefined && one[0] === other?.[0];
}

/** A refusal without the values that it refuses. */
function withoutValues(text: string): string {
  return text.replace(/ value: .*?(?=: (must|supported) )/g, ' value');
}

function letters(text: string): string {
  return [...text].sort().join('');
}
