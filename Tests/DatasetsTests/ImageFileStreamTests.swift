import Datasets
import Foundation
import Testing

@Suite struct ImageFileStreamTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes `count` gray images of 2x2 pixels, with their number as the color.
  private func write(_ count: Int) throws -> [FileName] {
    try (0..<count).map { number in
      let path = "\(folder.path)/\(number).png"
      let shape = ImageShape(height: 2, width: 2, channels: 1)
      try RasterImage(shape: shape, pixels: [UInt8](repeating: UInt8(number % 251), count: 4)).write(path)
      return FileName(path)
    }
  }

  /// Every file is passed once, in order, also if there are more files than fit in a batch.
  @Test(arguments: [1, 2, 3]) func passesFilesInTheirOrder(threads: Int) throws {
    var names = try write(300)
    names.insert(FileName("\(folder.path)/missing.png"), at: 7)
    let conversion = ImageConversion(color: .gray, size: ImageSize(height: 512, width: 512))
    let stream = ImageFileStream(names, shape: conversion.shape!, threads: threads) { decoded, _ throws(DatasetError) in
      ConvertedImage(decoded, conversion)
    }
    var (found, colors, batches): ([FileName], [UInt8?], Int) = ([], [], 0)
    stream.process { items, seconds in
      batches += 1
      #expect(seconds >= 0)
      found += items.map(\.name)
      colors += items.map { try? $0.image.get().image.pixels[0] }
    }
    #expect(batches > 1 && found == names)
    var expected: [UInt8?] = (0..<300).map { UInt8($0 % 251) }
    expected.insert(nil, at: 7)
    #expect(colors == expected)
  }

  @Test func errorOfTheUserEndsTheStream() throws {
    struct Stop: Error {}
    let names = try write(3)
    let shape = ImageShape(height: 2, width: 2, channels: 1)
    let stream = ImageFileStream(names, shape: shape, threads: 2) { decoded, _ throws(DatasetError) in
      ConvertedImage(decoded, channels: 1)
    }
    #expect(throws: Stop.self) { try stream.process { _, _ in throw Stop() } }
  }

  /// A conversion states what it changed.
  @Test func conversionStatesItsChanges() throws {
    let gray = ImageShape(height: 2, width: 2, channels: 1)
    let color = ImageShape(height: 2, width: 2, channels: 3)
    let conversion = ImageConversion(color: .gray, size: ImageSize(height: 2, width: 2))
    func converted(_ shape: ImageShape, _ pixels: [UInt8], alpha: [UInt8]? = nil) -> ConvertedImage {
      ConvertedImage(DecodedImage(RasterImage(shape: shape, pixels: pixels), alpha: alpha), conversion)
    }
    let same = converted(gray, [1, 2, 3, 4])
    #expect(!same.isResized && !same.isWithoutColor && !same.isBlended && same.image.pixels == [1, 2, 3, 4])
    #expect(converted(color, [1, 2, 3] + [UInt8](repeating: 0, count: 9)).isWithoutColor)
    #expect(!converted(color, [UInt8](repeating: 7, count: 12)).isWithoutColor)
    #expect(converted(gray, [1, 2, 3, 4], alpha: [255, 255, 255, 0]).isBlended)
    let wide = ImageShape(height: 2, width: 4, channels: 1)
    #expect(converted(wide, [UInt8](repeating: 0, count: 8)).isResized)
  }
}
