/// The linear part of ROAD's imputation (Rong et al., 2022, section 4.2): each removed pixel is the weighted mean of
/// its neighbors, including removed ones, with weight 1/6 for direct and 1/12 for diagonal neighbors. At the border,
/// only existing neighbors count.
///
/// This is a linear system with one unknown per removed pixel. Its matrix is symmetric and positive definite as long as
/// one pixel is left, so it is solved by conjugate gradients (Hestenes and Stiefel, 1952). The vectors are planes with
/// a border of zeros in which known pixels stay zero, so each step is one stencil.
package struct LinearImputation {
  private let height: Int
  private let width: Int
  /// The length of a row of the bordered plane.
  private let row: Int
  /// The indices of the unknowns in the bordered plane, and the sums of the weights of their neighbors.
  private let unknowns: [Int]
  private let diagonal: [Double]

  /// The mean square residual at which the solution is accurate enough for bytes.
  private static let tolerance = 1e-6

  /// - Parameter removed: (height, width)
  package init(height: Int, width: Int, removed: [Bool]) {
    (self.height, self.width, row) = (height, width, width + 2)
    var exists = [Double](repeating: 0, count: (height + 2) * (width + 2))
    var unknowns: [Int] = []
    for y in 0..<height {
      for x in 0..<width {
        let place = (y + 1) * (width + 2) + x + 1
        exists[place] = 1
        if removed[y * width + x] { unknowns.append(place) }
      }
    }
    self.unknowns = unknowns
    diagonal = exists.withUnsafeBufferPointer { exists in
      unknowns.map { Self.neighbors(of: $0, in: exists.baseAddress!, row: width + 2) }
    }
  }

  /// - Parameter values: (height, width); the values at removed pixels are ignored.
  /// - Returns: the values with the removed ones filled in; zeros if all are removed
  package func fill(_ values: [Double]) -> [Double] {
    var plane = [Double](repeating: 0, count: (height + 2) * row)
    for y in 0..<height {
      for x in 0..<width { plane[(y + 1) * row + x + 1] = values[y * width + x] }
    }
    for place in unknowns { plane[place] = 0 }
    let rightSide = plane.withUnsafeBufferPointer { plane in
      unknowns.map { Self.neighbors(of: $0, in: plane.baseAddress!, row: row) }
    }
    for (place, value) in zip(unknowns, solve(rightSide)) { plane[place] = value }
    var filled: [Double] = []
    filled.reserveCapacity(height * width)
    for y in 1...height {
      let first = y * row + 1
      filled += plane[first..<first + width]
    }
    return filled
  }

  /// Solves diagonal x - (weighted sum of the neighbors of x) = right side.
  private func solve(_ rightSide: [Double]) -> [Double] {
    var (solution, residual) = ([Double](repeating: 0, count: unknowns.count), rightSide)
    var square = rightSide.reduce(0) { $0 + $1 * $1 }
    // The direction of the next step, and the product of the matrix with it. Sums are computed along with the vectors.
    var plane = [Double](repeating: 0, count: (height + 2) * row)
    var product = solution
    for (place, value) in zip(unknowns, rightSide) { plane[place] = value }
    solution.withUnsafeMutableBufferPointer { solution in
      residual.withUnsafeMutableBufferPointer { residual in
        plane.withUnsafeMutableBufferPointer { plane in
          product.withUnsafeMutableBufferPointer { product in
            // In exact arithmetic, as many steps as unknowns suffice; usually far fewer are needed.
            for _ in 0..<2 * unknowns.count where square > Self.tolerance * Double(unknowns.count) {
              let step = square / multiply(plane.baseAddress!, product.baseAddress!)
              var next = 0.0
              for (index, place) in unknowns.enumerated() {
                solution[index] += step * plane[place]
                residual[index] -= step * product[index]
                next += residual[index] * residual[index]
              }
              let factor = next / square
              for (index, place) in unknowns.enumerated() { plane[place] = residual[index] + factor * plane[place] }
              square = next
            }
          }
        }
      }
    }
    return solution
  }

  /// Multiplies the matrix by the unknowns of `plane`, and returns the product of the result with them.
  /// - Parameter product: (unknowns), overwritten
  private func multiply(_ plane: UnsafePointer<Double>, _ product: UnsafeMutablePointer<Double>) -> Double {
    var sum = 0.0
    for (index, place) in unknowns.enumerated() {
      product[index] = diagonal[index] * plane[place] - Self.neighbors(of: place, in: plane, row: row)
      sum += plane[place] * product[index]
    }
    return sum
  }

  private static func neighbors(of place: Int, in plane: UnsafePointer<Double>, row: Int) -> Double {
    let beside = plane[place - 1] + plane[place + 1] + plane[place - row] + plane[place + row]
    let across =
      plane[place - row - 1] + plane[place - row + 1] + plane[place + row - 1] + plane[place + row + 1]
    // One division of two numbers takes as long as that of one.
    let parts = SIMD2(beside, across) / SIMD2(6, 12)
    return parts.x + parts.y
  }
}
