import Datasets
import Foundation

/// Writers of data sets for tests. (Other test targets link to this file.)
extension IDX {
  static func write(dimensions: [Int], elements: [UInt8], to path: String) throws {
    precondition(dimensions.reduce(1, *) == elements.count)
    let sizes = dimensions.flatMap { size in (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) } }
    try Data([0, 0, 8, UInt8(dimensions.count)] + sizes + elements).write(to: URL(fileURLWithPath: path))
  }
}

extension RasterImage {
  func write(_ path: String) throws { try Data(encodedAsPNG()).write(to: URL(fileURLWithPath: path)) }
}
