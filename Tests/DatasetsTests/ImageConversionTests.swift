import Compute
import Datasets
import Testing

@Suite struct ImageConversionTests {
  private func pixel(_ samples: UInt8..., alpha: UInt8? = nil) -> DecodedImage {
    let shape = ImageShape(height: 1, width: 1, channels: samples.count)
    return DecodedImage(RasterImage(shape: shape, pixels: samples), alpha: alpha.map { [$0] })
  }

  @Test func grayIsThatOfPillow() throws {
    #expect(try Fixture.image("resizing.png").gray == Fixture.image("resizing-gray.png"))
    for level in UInt8.min...UInt8.max { #expect(pixel(level, level, level).image.gray.pixels == [level]) }
  }

  @Test func colorIsAutomaticOrChosen() {
    let automatic = ImageConversion()
    #expect(automatic.image(pixel(7)).pixels == [7] && automatic.image(pixel(7, 7, 7)).pixels == [7])
    #expect(automatic.image(pixel(7, 7, 8)).pixels == [7, 7, 8])
    let gray = ImageConversion(color: .gray)
    #expect(gray.image(pixel(200, 100, 50)).pixels == [124] && gray.image(pixel(9)).pixels == [9])
    let rgb = ImageConversion(color: .rgb)
    #expect(rgb.image(pixel(9)).pixels == [9, 9, 9] && rgb.image(pixel(1, 2, 3)).pixels == [1, 2, 3])
  }

  /// Every sample and opacity, against the exact fraction.
  @Test func blendingRoundsToNearest() {
    for background in [UInt8(0), 100, 255] {
      let conversion = ImageConversion(background: .init(red: background, green: background, blue: background))
      for alpha in stride(from: UInt8(0), to: 255, by: 7) {
        for sample in UInt8.min...UInt8.max {
          let exact = Double(Int(sample) * Int(alpha) + Int(background) * (255 - Int(alpha))) / 255
          #expect(conversion.image(pixel(sample, alpha: alpha)).pixels == [UInt8(exact.rounded())])
        }
      }
    }
  }

  @Test func coloredBackgroundShowsThroughGray() {
    let red = ImageConversion.Background(red: 255, green: 0, blue: 0)
    #expect(ImageConversion(background: red).image(pixel(0, alpha: 0)).pixels == [255, 0, 0])
    #expect(ImageConversion(background: red).image(pixel(0)).pixels == [0])
    #expect(ImageConversion(color: .gray, background: red).image(pixel(0, alpha: 0)).pixels == [76])
    let padded = ImageConversion(
      color: .gray, background: red, size: ImageSize(height: 3, width: 1), fit: .pad)
    #expect(padded.image(pixel(7)).pixels == [76, 7, 76])
    // Hidden colors of transparent pixels do not count.
    #expect(ImageConversion().image(pixel(9, 0, 200, alpha: 0)).pixels == [255])
  }

  @Test func textRoundTrips() throws {
    let conversions = [
      ImageConversion(),
      ImageConversion(
        color: .rgb, background: .init(red: 1, green: 0xab, blue: 255), size: ImageSize(height: 48, width: 64),
        fit: .pad),
    ]
    for conversion in conversions {
      #expect(try ImageConversion(parsing: conversion.description) == conversion)
    }
    #expect(conversions[0].description == "color=auto,background=#ffffff,size=auto,fit=crop")
    #expect(conversions[1].description == "color=rgb,background=#01abff,size=48x64,fit=pad")
    #expect(try ImageConversion.Background(parsing: "white") == .white)
    #expect(try ImageConversion.Background(parsing: "#000000") == .black)
    #expect(try ImageSize(parsing: "64") == ImageSize(height: 64, width: 64))
  }

  @Test func invalidTextIsRefused() {
    for text in [
      "", "color=auto", "color=auto,background=white,size=auto,fit=x", "size=1,color=auto,background=white,fit=crop",
    ] {
      #expect(throws: ImageConversionError.self) { try ImageConversion(parsing: text) }
    }
    for text in ["", "red", "#fff", "#fffffg", "ffffff", "#+fffff", "#ffffff0"] {
      #expect(throws: ImageConversionError.self) { try ImageConversion.Background(parsing: text) }
    }
    for text in ["", "0", "513", "x", "4x", "x4", "4x4x4", "-4", "4.5", "4x99999999999999999999", "٤"] {
      #expect(throws: ImageConversionError.self) { try ImageSize(parsing: text) }
    }
  }

  @Test func medianOfSizesIsBounded() {
    func median(_ sizes: (Int, Int)...) -> ImageSize { .median(of: sizes.map { ImageSize(height: $0.0, width: $0.1) }) }
    #expect(median((300, 200), (300, 200)) == ImageSize(height: 300, width: 200))
    #expect(median((8, 9), (10, 4), (30, 5)) == ImageSize(height: 10, width: 5))
    #expect(median((8, 9), (10, 4)) == ImageSize(height: 8, width: 4))
    #expect(median((300, 400), (300, 401)) == ImageSize(height: 48, width: 64))
    #expect(median((2000, 1000), (2000, 1000)) == ImageSize(height: 64, width: 32))
    #expect(median((20000, 1), (20000, 2)) == ImageSize(height: 64, width: 1))
  }
}
