/// The padding of a convolution's input, by Keras' names.
package enum Padding: String, Sendable, CaseIterable {
  /// A border of zeros keeps height and width.
  case same
  /// No border: height and width shrink by kernel - 1.
  case valid
}

/// A convolution, followed by 2x2 max-pool, batch normalization or bias, and ReLU.
package struct Convolution: Sendable, Equatable {
  package var filters: Int
  /// The height and width of the filters; odd.
  package var kernel = 3
  package var padding = Padding.same
  package var batchNorm = true

  package init(filters: Int, kernel: Int = 3, padding: Padding = .same, batchNorm: Bool = true) {
    (self.filters, self.kernel, self.padding, self.batchNorm) = (filters, kernel, padding, batchNorm)
  }

  /// The number of border pixels on each side of the input.
  var border: Int { padding == .same ? kernel / 2 : 0 }
}

/// A layer in the declaration of a network, which is a list of layers without the output layer:
///
///     [.convolution(Convolution(filters: 64)), .convolution(Convolution(filters: 128)), .dense(units: 128)]
package enum Layer: Sendable, Equatable {
  case convolution(Convolution)
  /// A fully connected layer with ReLU.
  case dense(units: Int)

  var convolution: Convolution? {
    if case .convolution(let convolution) = self { convolution } else { nil }
  }

  var denseUnits: Int? {
    if case .dense(let units) = self { units } else { nil }
  }
}
