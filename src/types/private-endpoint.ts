/** The state of a private endpoint's connection, as both ends show it (`privateLinkServiceConnectionState`). */
export interface ConnectionState {
  readonly status: 'Pending' | 'Approved' | 'Rejected' | 'Disconnected';
  readonly description: string;
  readonly actionsRequired: string;
}

/** A private endpoint's connection, as it is stored in its vault. */
export interface PrivateEndpointConnection {
  /**
   * Made of the endpoint's name and GUID: an endpoint that is created again under the same name has another connection.
   */
  readonly name: string;
  readonly etag: string;
  /** ARM id of the endpoint, in the case of its creation. */
  readonly endpoint: string;
  readonly state: ConnectionState;
}
