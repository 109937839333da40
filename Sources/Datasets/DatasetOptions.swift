/// Options for reading a data set. Every reader uses the options that apply to its format.
package struct DatasetOptions: Sendable {
  /// How images of different kinds become images of one shape.
  package var conversion = ImageConversion()
  /// Whether damaged image files are skipped; else the first one is an error.
  package var skipsDamaged = false
  /// The fraction of the images of each class that become test images, if the files define no test set: more than 0,
  /// and less than 1.
  package var testFraction = 0.2
  /// The random seed of this split.
  package var seed: UInt64 = 0
  /// Whether rows and columns of the images are exchanged, as the IDX files of EMNIST require. Image files are not
  /// affected.
  package var isTransposed = false
  /// The column of a table that has the labels: its name, or `first` or `last`; nil for the usual ones.
  package var labelColumn: String?
  /// The names of the NumPy arrays; nil for the usual ones.
  package var arrays: ArrayNames?
  /// Whether the images are only evaluated: a data set that cannot train a model, because it cannot be split, has one
  /// class or has test images only, is a test set then, and has no training images.
  package var isForEvaluation = false
  /// Where decoded images are kept for the next time; nil: nowhere.
  package var cache: DatasetCache?
  /// The number of threads that decode image files; nil for one on each available core. Never changes a result.
  package var threads: Int?
  /// Called now and then with the number of image files that have been decoded, and of all.
  package var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?

  package init() {}
}
