/// How a convolution treats the border of its input, by Keras' names.
package enum Padding: String, Sendable, CaseIterable {
  /// A border of zeros keeps height and width.
  case same
  /// No border: height and width shrink by kernel - 1.
  case valid
}

/// A convolution with what always follows it: 2x2 max-pool, batch normalization or bias, ReLU.
package struct Convolution: Sendable, Equatable {
  package var filters: Int
  /// Height and width of the filters: odd.
  package var kernel = 3
  package var padding = Padding.same
  package var batchNorm = true

  package init(filters: Int, kernel: Int = 3, padding: Padding = .same, batchNorm: Bool = true) {
    (self.filters, self.kernel, self.padding, self.batchNorm) = (filters, kernel, padding, batchNorm)
  }

  /// Pixels of border on each side of the input.
  var border: Int { padding == .same ? kernel / 2 : 0 }
}

/// A network is declared as a list of these; the layer of the classes follows by itself:
///
///     [.convolution(Convolution(filters: 64)), .convolution(Convolution(filters: 128)), .dense(units: 128)]
package enum Layer: Sendable, Equatable {
  case convolution(Convolution)
  /// Every unit sees all of the layer before; ReLU.
  case dense(units: Int)

  var convolution: Convolution? {
    if case .convolution(let convolution) = self { convolution } else { nil }
  }

  var denseUnits: Int? {
    if case .dense(let units) = self { units } else { nil }
  }
}
