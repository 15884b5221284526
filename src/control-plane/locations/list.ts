import { regions } from '../../resources/regions.ts';
import type { Region } from '../../resources/regions.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';

/** The regions of Azure, for clients that check a location before they send it. Every location is served, by this server. */
export const listLocations: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/locations',
  action: 'Microsoft.Resources/subscriptions/locations/read',
  shows: 'own',
  async run({ subscription }) {
    return answer(200, { value: regions.map((region) => locationResource(subscription.subscriptionId, region)) });
  },
};

function locationResource(subscriptionId: string, region: Region) {
  const { name, displayName, geographyGroup, geography, physicalLocation, latitude, longitude, paired } = region;
  const idOf = (location: string) => `/subscriptions/${subscriptionId}/locations/${location}`;
  return {
    id: idOf(name),
    name,
    type: 'Region',
    displayName,
    regionalDisplayName: `(${geographyGroup}) ${displayName}`,
    metadata: {
      regionType: 'Physical',
      regionCategory: 'Recommended',
      geography,
      geographyGroup,
      longitude,
      latitude,
      physicalLocation,
      pairedRegion: paired === undefined ? [] : [{ name: paired, id: idOf(paired) }],
    },
  };
}
