export interface SubscriptionRecord {
  readonly subscriptionId: string;
  readonly displayName: string;
  readonly tenantId: string;
  readonly tags?: Readonly<Record<string, unknown>>;
}

export interface ResourceGroupRecord {
  readonly name: string;
  readonly subscriptionId: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The id of the resource that manages the group, as it was sent; it has no effect here. */
  readonly managedBy?: string;
  /** Present from when its deletion was accepted: nothing is created in it any more. */
  readonly deleting?: true;
}
