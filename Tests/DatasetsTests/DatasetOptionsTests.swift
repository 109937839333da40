import Datasets
import Foundation
import Testing

/// The options of data sets as text.
@Suite struct DatasetOptionsTests {
  private static let values = [
    "size": "48x64", "fit": "pad", "color": "rgb", "background": "#ffcc00", "damaged": "skip", "test": "0.5",
    "split-seed": "18446744073709551615", "label": "kind", "arrays": "images=X,labels=y", "transpose": "true",
  ]

  @Test func textHasTheValuesThatAreNotDefaults() throws {
    #expect(DatasetOptions().text.isEmpty)
    #expect(Set(Self.values.keys) == Set(DatasetOptions.Name.allCases.map(\.rawValue)))
    #expect(try DatasetOptions(text: Self.values).text == Self.values)
    for (name, value) in Self.values { #expect(try DatasetOptions(text: [name: value]).text == [name: value]) }
    #expect(try DatasetOptions(text: ["size": "8", "fit": "crop", "test": "0.20"]).text == ["size": "8x8"])
  }

  @Test(arguments: [
    ("size", "0", "size must be one side or HEIGHTxWIDTH, from 1 to 512, for example 64 or 48x64, not \"0\""),
    ("fit", "squeeze", "fit must be crop, pad or stretch, not \"squeeze\""),
    ("color", "bw", "color must be auto, gray or rgb, not \"bw\""),
    ("background", "red", "background must be white, black, or a color such as #ffcc00, not \"red\""),
    ("damaged", "yes", "damaged must be skip or stop, not \"yes\""),
    ("test", "1", "test must be a fraction greater than 0 and less than 1, not \"1\""),
    ("test", "nan", "test must be a fraction greater than 0 and less than 1, not \"nan\""),
    ("split-seed", "-1", "split-seed must be an integer from 0 to 18446744073709551615, not \"-1\""),
    ("label", "", "label must be the name of a column, or first or last, not \"\""),
    ("transpose", "maybe", "transpose must be true or false, not \"maybe\""),
    ("sise", "8", "sise is not an option of data sets; expected size, fit, color"),
  ])
  func namesInvalidValue(name: String, value: String, message: String) {
    do {
      _ = try DatasetOptions(text: [name: value])
      Issue.record("no error")
    } catch { #expect(error.name == name && error.description.hasPrefix(message), "\(error)") }
  }

  /// Versions without options saved the location alone.
  @Test func sourceWithoutOptionsIsEncodedAsItsLocation() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    #expect(String(decoding: try encoder.encode(DatasetSource("/a")), as: UTF8.self) == "\"/a\"")
    for source in [DatasetSource("/a"), DatasetSource("/a", options: ["size": "8x8"])] {
      #expect(try JSONDecoder().decode(DatasetSource.self, from: encoder.encode(source)) == source)
    }
  }
}
