/**
 * MirrorMaker 2's client ids: `[<configured>|]A->B|<connector>[-<task>]|<role>`. Source: MirrorConnectorConfig.
 * @param flow   `A->B`
 */
export function mirrorClientId(
  flow: string,
  connector: string,
  role: string,
): (configured: string | undefined) => string {
  return (configured) =>
    `${configured === undefined || configured === '' ? '' : `${configured}|`}${flow}|${connector}|${role}`
}
