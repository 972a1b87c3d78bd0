/* Made by build.mjs from lucide-static: only the icons that ICONS in build.mjs names. */
declare module 'icons' {
  export type IconName =
    | 'house' | 'activity' | 'users' | 'network' | 'settings' | 'lock' | 'shield-check' | 'users-round' | 'message-circle' | 'copy' | 'check' | 'x'
    | 'triangle-alert' | 'octagon-alert' | 'info' | 'arrow-up-right' | 'arrow-down-left' | 'fingerprint-pattern' | 'plus' | 'chevron-right' | 'clock'
    | 'circle-check' | 'circle-x' | 'search' | 'refresh-cw' | 'ellipsis' | 'usb' | 'smartphone' | 'laptop' | 'ban' | 'arrow-left' | 'pause' | 'play'
    | 'cpu' | 'pencil' | 'scroll-text' | 'coins' | 'zap' | 'wifi-off' | 'key' | 'loader' | 'trash' | 'globe' | 'wallet' | 'send' | 'file-plus';
  const icons: Record<IconName, [tag: 'path', attrs: Record<string, string>][]>;
  export default icons;
}
