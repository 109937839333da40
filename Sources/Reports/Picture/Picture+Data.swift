internal import Foundation

extension Picture {
  /// The PNG file as an address, so that a page or plot holds it within itself.
  var dataAddress: String { "data:image/png;base64," + Data(png).base64EncodedString() }
}
