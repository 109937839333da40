internal import Text

/// A format of image files. To add a format: implement this protocol in one file, and add it to ``ImageDecoders/all``.
package protocol ImageDecoder: Sendable {
  /// The name of the format for help and errors, such as `PNG`.
  var name: String { get }

  /// The endings of file names in lower case without the dot, the usual one first. Image folders accept files with
  /// these endings.
  var endings: [String] { get }

  /// Whether the first bytes of a file are those of this format.
  func recognizes(_ file: [UInt8]) -> Bool

  /// Returns the size of the image that ``decode(_:path:)`` would return, from the header of a file that
  /// ``recognizes(_:)`` accepts. The default implementation decodes the file.
  /// - Parameter path: the name of the file for errors
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if the header is damaged, unsupported or beyond the limits.
  func size(_ file: [UInt8], path: String) throws(DatasetError) -> ImageSize

  /// Decodes a file that ``recognizes(_:)`` accepts.
  ///
  /// Calls ``DatasetLimits/check(_:_:)`` with the size that the file declares before it allocates memory for the
  /// pixels.
  /// - Parameter path: the name of the file for errors
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if the file is damaged, unsupported or beyond the limits.
  func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage
}

extension ImageDecoder {
  package func size(_ file: [UInt8], path: String) throws(DatasetError) -> ImageSize {
    try decode(file, path: path).samples.size
  }
}

/// The formats of image files.
package enum ImageDecoders {
  /// All decoders. If several recognize a file, the first one decodes it.
  package static let all: [any ImageDecoder] = [PNGDecoder(), JPEGDecoder(), WebPDecoder(), PNMDecoder()]
}

extension [any ImageDecoder] {
  /// The names of the formats: `PNG`, or `PNG, JPEG or WebP`.
  package var names: String { map(\.name).alternatives }

  /// The endings of all formats.
  package var endings: [String] { flatMap(\.endings) }

  /// The pattern of file names with the usual ending of each format: `*.png`, or `*.{png,jpg}`.
  package var pattern: String {
    let usual = map { $0.endings[0] }
    return usual.count == 1 ? "*.\(usual[0])" : "*.{\(usual.joined(separator: ","))}"
  }

  /// Reads an image file. Its first bytes determine the format, not its name.
  /// - Throws: ``DatasetError`` if the file does not exist, has none of the formats, is damaged, or exceeds the limits.
  package func read(_ path: String) throws(DatasetError) -> DecodedImage { try read(FileName(path)) }

  func read(_ name: FileName) throws(DatasetError) -> DecodedImage {
    try decode(name.contents(limit: DatasetLimits.imageFile), path: name.shown)
  }

  /// Reads the size of an image from the header of its file.
  /// - Throws: as ``decode(_:path:)``; damage after the header is not found.
  func size(of file: [UInt8], path: String) throws(DatasetError) -> ImageSize {
    let size = try decoder(of: file, path).size(file, path: path)
    try DatasetLimits.check(size, path)
    return size
  }

  /// Decodes the bytes of an image file. The image is within the limits of files, whatever the decoder does.
  /// - Parameter path: the name of the file for errors
  package func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    let decoded = try decoder(of: file, path).decode(file, path: path)
    try DatasetLimits.check(decoded.samples.size, path)
    return decoded
  }

  private func decoder(of file: [UInt8], _ path: String) throws(DatasetError) -> any ImageDecoder {
    if let decoder = first(where: { $0.recognizes(file) }) { return decoder }
    if file.isEmpty { throw .damaged(path: path, reason: "is an empty file") }
    throw .damaged(path: path, reason: "is not a \(names) image")
  }
}
