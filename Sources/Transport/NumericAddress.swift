extension String {
  /// A numeric address without the form that a socket for both families gives to an IPv4 address: `::ffff:10.0.0.1` is
  /// `10.0.0.1`.
  var withoutIPv6Form: String { hasPrefix("::ffff:") && contains(".") ? String(dropFirst("::ffff:".count)) : self }
}
