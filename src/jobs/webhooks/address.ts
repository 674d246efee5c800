import { BlockList, isIPv6 } from 'node:net';

/**
 * Addresses that are not of the public internet: messages must not reach what only this machine can reach.
 * From the special-purpose registries of IANA (RFC 6890 and its successors), and multicast.
 */
const NOT_GLOBAL = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  NOT_GLOBAL.addSubnet(network, prefix, 'ipv4');
}
/** Of IPv6 only global unicast is global; these parts of it are not, or lead to IPv4. */
const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6');
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  NOT_GLOBAL.addSubnet(network, prefix, 'ipv6');
}

/** True for an address of the public internet. IPv4 inside IPv6 (mapped, translated) is not one. */
export function isGlobal(address: string): boolean {
  if (!isIPv6(address)) return !NOT_GLOBAL.check(address, 'ipv4');
  return GLOBAL_UNICAST.check(address, 'ipv6') && !NOT_GLOBAL.check(address, 'ipv6');
}
