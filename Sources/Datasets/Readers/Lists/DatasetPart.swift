/// A part of a data set, by the words that people use for it.
enum DatasetPart {
  case train
  case validation
  case test

  /// - Returns: nil if the word names no part
  init?(_ word: some StringProtocol) {
    switch word.lowercased() {
    case "train", "training": self = .train
    case "val", "valid", "validation", "dev": self = .validation
    case "test", "testing": self = .test
    default: return nil
    }
  }

  /// - Returns: nil if the name of the folder is not a word for a part
  init?(folder: FileName) {
    guard let word = folder.text else { return nil }
    self.init(word)
  }

  /// Finds the part in a file name, such as `mnist-train-000.tar`.
  /// - Returns: nil if no word of the name is one, or if there are several
  init?(namedIn name: FileName) {
    let words = name.bytes.split { !(0x41...0x5a ~= $0 & 0xdf) }.compactMap {
      DatasetPart(String(decoding: $0, as: UTF8.self))
    }
    guard let first = words.first, words.allSatisfy({ $0 == first }) else { return nil }
    self = first
  }

  /// The name of the folder of this part in image folders.
  var folder: String {
    switch self {
    case .train: "train"
    case .validation: "val"
    case .test: "test"
    }
  }
}
