/** How a private endpoint's connection stands, as both ends show it (`privateLinkServiceConnectionState`). */
export interface ConnectionState {
  readonly status: 'Pending' | 'Approved' | 'Rejected' | 'Disconnected';
  readonly description: string;
  readonly actionsRequired: string;
}

/** A private endpoint's connection, as it is stored in its vault. */
export interface PrivateEndpointConnection {
  /** Of the endpoint's name and GUID: one that is made anew under the name has another connection. */
  readonly name: string;
  readonly etag: string;
  /** ARM id of the endpoint, spelt as it was made. */
  readonly endpoint: string;
  readonly state: ConnectionState;
}
