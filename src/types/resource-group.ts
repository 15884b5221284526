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
  /** The id of the resource that manages it, as it was sent: nothing comes of it here. */
  readonly managedBy?: string;
  /** Present from the moment that its deletion was accepted: nothing new is made in it. */
  readonly deleting?: true;
}
