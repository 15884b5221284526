/** 127 IP rules, of which the last lets this machine in: the NAT table maps 127.0.0.0/24 to 203.0.113.0/24. */
export const addressRules = {
  defaultAction: 'Deny',
  bypass: 'None',
  ipRules: [
    ...Array.from({ length: 126 }, (_, index) => ({ value: `198.51.100.${2 * index + 1}` })),
    { value: '203.0.113.0/24' },
  ],
} as const;
