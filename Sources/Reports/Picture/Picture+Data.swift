internal import Foundation

extension Picture {
  /// The PNG file as a `data:` URL, which embeds it in a page or a plot.
  var dataAddress: String { "data:image/png;base64," + Data(png).base64EncodedString() }
}
