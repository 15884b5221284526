/** The two names of a subnet for a user. */
export interface NamedSubnet {
  readonly id: string;
  /** `VNET/SUBNET` */
  readonly place: string;
}

const shownMax = 20;

/**
 * The subnet of that name or ARM id; both are compared without case, as Azure does.
 * @throws what `refuse` makes, when there is none, or more than one
 */
export function subnetNamed<T extends NamedSubnet>(
  subnets: readonly T[],
  asked: string,
  refuse: (message: string, hint: string) => Error,
): T {
  const name = asked.toLowerCase();
  const found = subnets.filter(({ id, place }) => [id, place].some((one) => one.toLowerCase() === name));
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  if (first !== undefined) {
    const ids = found.map(({ id }) => id).join(' ');
    throw refuse(`${found.length} virtual networks have a subnet '${asked}'.`, `Give the id of one: ${ids}`);
  }
  const places = subnets.slice(0, shownMax).map(({ place }) => place);
  const more = subnets.length > shownMax ? ', …' : '';
  const hint =
    places.length === 0
      ? 'Create a virtual network with a subnet first.'
      : `Give VNET/SUBNET or an ARM id. There are: ${places.join(', ')}${more}`;
  throw refuse(`There is no subnet '${asked}'.`, hint);
}
