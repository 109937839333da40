import Datasets
import Foundation
import Reports
import Testing

@Suite struct PictureTests {
  private let bytes = (0..<7 * 5 * 3).map { UInt8($0 * 2) }

  private func read(_ picture: Picture) throws -> RasterImage {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).png")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(picture.png).write(to: file)
    return try ImageDecoders.all.read(file.path).image
  }

  @Test func pngRoundTripPreservesPixels() throws {
    let color = ImageShape(height: 7, width: 5, channels: 3)
    #expect(try read(Picture(bytes, shape: color)) == RasterImage(shape: color, pixels: bytes))
    let gray = ImageShape(height: 15, width: 7, channels: 1)
    #expect(try read(Picture(bytes, shape: gray)) == RasterImage(shape: gray, pixels: bytes))
    #expect(Picture(bytes, shape: gray).png == Picture(bytes, shape: gray).png)
  }

  @Test func scalingEnlargesPixels() {
    let picture = Picture([10, 20, 30, 40], shape: ImageShape(height: 2, width: 2, channels: 1)).scaled(by: 2)
    let gray = stride(from: 0, to: picture.pixels.count, by: 3).map { picture.pixels[$0] }
    #expect(gray == [10, 10, 20, 20, 10, 10, 20, 20, 30, 30, 40, 40, 30, 30, 40, 40])
    #expect(Picture(bytes, shape: ImageShape(height: 7, width: 5, channels: 3)).scaled(toward: 100).height == 98)
  }

  @Test func sheetArrangesPictures() {
    let (white, black) = (ColorMap.Color(0xffffff), ColorMap.Color(0))
    let sheet = Picture.sheet(
      [Picture(height: 1, width: 1, white), Picture(height: 1, width: 1, white), Picture(height: 1, width: 1, white)],
      columns: 2, gap: 1, background: black)
    #expect(sheet.height == 5 && sheet.width == 5)
    let lit = (0..<25).filter { sheet.pixels[$0 * 3] == 255 }
    #expect(lit == [6, 8, 16])
  }

  @Test func overlayBlendsPictures() {
    let (low, high) = (Picture(height: 1, width: 2, .init(0x000000)), Picture(height: 1, width: 2, .init(0xff8040)))
    #expect(low.overlaid(with: high, opacity: 0) == low)
    #expect(low.overlaid(with: high, opacity: 1) == high)
    #expect(low.overlaid(with: high).pixels == [128, 64, 32, 128, 64, 32])
  }

  @Test func rendersMapsWithAnyValues() {
    let map = Picture(values: [0, 1, .nan, .infinity, -.infinity, 0.5], height: 2, width: 3)
    var colors = [0.0, 1, 0, 1, 0, 0.5].map { ColorMap.viridis.color($0) }
    colors[2] = ColorMap.Color(0x808080)
    #expect(map.pixels == colors.flatMap { [$0.red, $0.green, $0.blue] })
    #expect(Picture(values: [3], height: 1, width: 1).pixels.count == 3)
  }

  /// CIE 1976 lightness, from the relative luminance of sRGB.
  private func lightness(_ color: ColorMap.Color) -> Double {
    func linear(_ part: UInt8) -> Double {
      let fraction = Double(part) / 255
      return fraction <= 0.04045 ? fraction / 12.92 : pow((fraction + 0.055) / 1.055, 2.4)
    }
    let y = 0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
    return y > 216.0 / 24389 ? 116 * cbrt(y) - 16 : y * 24389 / 27
  }

  @Test func viridisIsPerceptuallyUniform() {
    let steps = (0...10).map { lightness(ColorMap.viridis.color(Double($0) / 10)) }
    let differences = zip(steps, steps.dropFirst()).map { $1 - $0 }
    #expect(abs(steps[0] - 14.9) < 1 && abs(steps[10] - 91) < 1)
    #expect(differences.allSatisfy { 6...9.5 ~= $0 }, "\(differences)")
  }

  @Test func divergingMapIsSymmetric() {
    for fraction in stride(from: 0.0, through: 0.5, by: 0.1) {
      let (low, high) = (ColorMap.diverging.color(fraction), ColorMap.diverging.color(1 - fraction))
      #expect(abs(lightness(low) - lightness(high)) < 9)
      #expect(fraction == 0.5 || (low.blue > low.red && high.red > high.blue))
    }
    #expect(ColorMap.diverging.color(0.5) == .init(0xf7f7f7))
  }
}
