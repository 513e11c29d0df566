// Fully connected layers with ReLU between them, for many tasks at once, each with weights of its own: the output, its
// gradient, and the derivative of that gradient. mlp.py says what is computed; tests hold it to autograd in float64.
//
// A task is one thread's work from the first layer to the last. Activations are kept as (feature, example), examples
// padded to whole vectors: a product then takes each weight from where it lies, one number times a vector of examples.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace {

typedef REAL T;  // float or double

#if defined(__AVX512F__)
constexpr int BYTES = 64;
#elif defined(__AVX__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif
constexpr int LANES = BYTES / sizeof(T), ROWS = 8;
constexpr int64_t PADDED_TO = 16;            // whole vectors, whatever BYTES; mlp.py knows it too
constexpr int64_t WORTH_A_THREAD = 1 << 22;  // multiply-adds
typedef T Vector __attribute__((vector_size(BYTES), aligned(sizeof(T))));

struct Shape {
    int64_t tasks, rows, examples, layers, threads;
    const int64_t* sizes;  // of x, of each hidden layer, of y
};

int64_t padded(int64_t n) { return (n + PADDED_TO - 1) / PADDED_TO * PADDED_TO; }

// Element (i, k) is at data[i * down + k * across].
struct Matrix {
    const T* data;
    int64_t down, across;
};

template <int R>
void tile(Matrix a, int64_t depth, const T* b, T* c, int64_t n, bool add) {
    Vector sum[R] = {};
    for (int64_t k = 0; k < depth; k++) {
        const Vector row = *(const Vector*)(b + k * n);
        for (int r = 0; r < R; r++) sum[r] += a.data[r * a.down + k * a.across] * row;
    }
    for (int r = 0; r < R; r++) {
        Vector* to = (Vector*)(c + r * n);
        *to = add ? *to + sum[r] : sum[r];
    }
}

template <int R = ROWS>
void tile_of(int64_t rows, Matrix a, int64_t depth, const T* b, T* c, int64_t n, bool add) {
    if constexpr (R > 1) {
        if (rows < R) return tile_of<R - 1>(rows, a, depth, b, c, n, add);
    }
    tile<R>(a, depth, b, c, n, add);
}

// c (rows, n) = a (rows, depth) times b (depth, n), or is added to; n is whole vectors
void product(int64_t rows, Matrix a, int64_t depth, const T* b, T* c, int64_t n, bool add) {
    for (int64_t i = 0; i < rows; i += ROWS)
        for (int64_t j = 0; j < n; j += LANES) {
            const Matrix part = {a.data + i * a.down, a.down, a.across};
            tile_of(std::min<int64_t>(ROWS, rows - i), part, depth, b + j, c + i * n + j, n, add);
        }
}

// Numbers that begin where a cache line does: a vector that lies across two is read twice.
class Room {
    struct alignas(64) Line {
        T numbers[64 / sizeof(T)];
    };
    std::vector<Line> lines;

   public:
    T* data() { return lines.empty() ? nullptr : lines[0].numbers; }
    void hold(int64_t size) {
        if (int64_t(lines.size() * sizeof(Line) / sizeof(T)) < size) lines.resize(size * sizeof(T) / sizeof(Line) + 1);
    }
};

// to (columns, n) = the transpose of from (rows, columns), whose rows are `stride` apart; the rest of to is zero
void turn(const T* from, int64_t stride, int64_t rows, int64_t columns, T* to, int64_t n) {
    for (int64_t c = 0; c < columns; c++) std::fill(to + c * n + rows, to + (c + 1) * n, T(0));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) to[c * n + r] = from[r * stride + c];
}

// rows = zero where h, which ReLU gave, is zero; what is not a number passes
void stop(const T* h, int64_t size, T* rows) {
    for (int64_t i = 0; i < size; i++) rows[i] = h[i] <= 0 ? T(0) : rows[i];
}

// Weights, biases and their gradients: (rows, out, in) and (rows, out) of each layer.
typedef T* const* Weights;

// One thread, which works on one task after the other. `saved` and `moved` are (hidden feature, example) of each task.
class Worker {
    const Shape& s;
    const int64_t n, last;  // examples, padded; the last layer
    static thread_local Room x, dx, rows, before, drows, dbefore, across, panel;  // kept from call to call

    int64_t in(int64_t l) const { return s.sizes[l]; }
    int64_t out(int64_t l) const { return s.sizes[l + 1]; }
    const T* weight(Weights all, int64_t l, int64_t row) const { return all[2 * l] + row * in(l) * out(l); }
    const T* bias(Weights all, int64_t l, int64_t row) const { return all[2 * l + 1] + row * out(l); }

    // Where a task keeps what goes into layer l > 0.
    template <class P>
    P* kept(P* hidden, int64_t task, int64_t l) const {
        const int64_t before = std::accumulate(s.sizes + 1, s.sizes + l, int64_t(0));
        const int64_t all = std::accumulate(s.sizes + 1, s.sizes + s.layers, int64_t(0));
        return hidden + (task * all + before) * n;
    }
    const T* input(const T* first, const T* hidden, int64_t task, int64_t l) const {
        return l ? kept(hidden, task, l) : first;
    }

    // (example, feature) of a task -> (feature, example), and back
    void turn_in(const T* all, int64_t task, int64_t features, Room& to) const {
        turn(all + task * s.examples * features, features, s.examples, features, to.data(), n);
    }
    void turn_out(Room& from, int64_t task, int64_t features, T* all) const {
        turn(from.data(), n, features, s.examples, all + task * s.examples * features, features);
    }

    // z (out, n) = weight times h, plus bias
    void linear(int64_t l, const T* weight, const T* bias, const T* h, T* z) const {
        for (int64_t o = 0; o < out(l); o++) std::fill_n(z + o * n, n, bias[o]);
        product(out(l), {weight, in(l), 1}, in(l), h, z, n, true);
    }

    // to (in, n) = the transpose of weight times of, or is added to
    void backward(int64_t l, const T* weight, Room& of, Room& to, bool add) const {
        product(in(l), {weight, 1, in(l)}, out(l), of.data(), to.data(), n, add);
    }

    // panel (out, inputs and 1) = the sum over examples of `of` times h and one, which is for the bias, or is added to
    void outer(int64_t l, Room& of, const T* h, T one, bool add) const {
        const int64_t columns = padded(in(l) + 1);
        turn(h, n, in(l), s.examples, across.data(), columns);
        for (int64_t e = 0; e < s.examples; e++) across.data()[e * columns + in(l)] = one;
        product(out(l), {of.data(), n, 1}, s.examples, across.data(), panel.data(), columns, add);
    }

    // What outer summed are the gradients of layer l.
    void put(int64_t l, int64_t task, Weights to) const {
        T *weight = to[2 * l] + task * in(l) * out(l), *bias = to[2 * l + 1] + task * out(l);
        for (int64_t o = 0; o < out(l); o++) {
            const T* sums = panel.data() + o * padded(in(l) + 1);
            std::copy_n(sums, in(l), weight + o * in(l));
            bias[o] = sums[in(l)];
        }
    }

   public:
    explicit Worker(const Shape& shape) : s(shape), n(padded(s.examples)), last(s.layers - 1) {
        const int64_t wide = padded(*std::max_element(s.sizes, s.sizes + s.layers + 1) + 1);
        for (auto* room : {&x, &dx, &rows, &before, &drows, &dbefore, &across, &panel})
            room->hold(wide * std::max(wide, n));
    }

    void forward(int64_t task, int64_t row, const T* given, Weights weights, T* y, T* saved) {
        turn_in(given, task, in(0), x);
        for (int64_t l = 0; l <= last; l++) {
            T* z = l < last ? kept(saved, task, l + 1) : rows.data();
            linear(l, weight(weights, l, row), bias(weights, l, row), input(x.data(), saved, task, l), z);
            if (l < last) stop(z, out(l) * n, z);
        }
        turn_out(rows, task, out(last), y);
    }

    void gradient(int64_t task, int64_t row, const T* given, Weights weights, const T* saved, const T* g, T* gx,
                  Weights gweights) {
        turn_in(given, task, in(0), x);
        turn_in(g, task, out(last), rows);
        for (int64_t l = last; l >= 0; l--) {
            const T* h = input(x.data(), saved, task, l);
            outer(l, rows, h, 1, false);
            put(l, task, gweights);
            if (l == 0 && !gx) return;
            backward(l, weight(weights, l, row), rows, before, false);
            if (l) stop(h, in(l) * n, before.data());
            std::swap(rows, before);
        }
        turn_out(rows, task, in(0), gx);
    }

    // How y moves when x moves by vx and the weights by v.
    void forward_tangent(int64_t task, int64_t row, const T* given, Weights weights, const T* saved, const T* vx,
                         Weights v, T* dy, T* moved) {
        turn_in(given, task, in(0), x);
        if (vx) turn_in(vx, task, in(0), dx);
        for (int64_t l = 0; l <= last; l++) {
            T* dz = l < last ? kept(moved, task, l + 1) : rows.data();
            linear(l, weight(v, l, task), bias(v, l, task), input(x.data(), saved, task, l), dz);
            if (const T* dh = input(vx ? dx.data() : nullptr, moved, task, l))
                product(out(l), {weight(weights, l, row), in(l), 1}, in(l), dh, dz, n, true);
            if (l < last) stop(kept(saved, task, l + 1), out(l) * n, dz);
        }
        turn_out(rows, task, out(last), dy);
    }

    // How the gradient for the weights, and for x, moves when these moves are made and g moves by dg.
    void backward_tangent(int64_t task, int64_t row, const T* given, Weights weights, const T* saved, const T* g,
                          const T* dg, const T* vx, Weights v, const T* moved, T* dgx, Weights dgweights) {
        turn_in(given, task, in(0), x);
        if (vx) turn_in(vx, task, in(0), dx);
        turn_in(g, task, out(last), rows);
        turn_in(dg, task, out(last), drows);
        for (int64_t l = last; l >= 0; l--) {
            const T* h = input(x.data(), saved, task, l);
            outer(l, drows, h, 1, false);
            if (const T* dh = input(vx ? dx.data() : nullptr, moved, task, l)) outer(l, rows, dh, 0, true);
            put(l, task, dgweights);
            if (l == 0 && !dgx) return;
            backward(l, weight(weights, l, row), rows, before, false);
            backward(l, weight(weights, l, row), drows, dbefore, false);
            backward(l, weight(v, l, task), rows, dbefore, true);
            if (l) stop(h, in(l) * n, before.data()), stop(h, in(l) * n, dbefore.data());
            std::swap(rows, before), std::swap(drows, dbefore);
        }
        turn_out(drows, task, in(0), dgx);
    }
};

thread_local Room Worker::x, Worker::dx, Worker::rows, Worker::before, Worker::drows, Worker::dbefore,
    Worker::across, Worker::panel;

// Call f(worker, task, row of the weights) for each task, on several threads where there is work for them.
template <class F>
void each_task(const Shape& s, F f) {
    int64_t weights = 0;
    for (int64_t l = 0; l < s.layers; l++) weights += s.sizes[l] * s.sizes[l + 1];
    const int64_t threads = std::min(s.threads, s.tasks * s.examples * weights / WORTH_A_THREAD + 1);
#pragma omp parallel num_threads(int(threads)) if (threads > 1)
    {
        Worker worker(s);
#pragma omp for
        for (int64_t task = 0; task < s.tasks; task++) f(worker, task, task * s.rows / s.tasks);
    }
}

}  // namespace

// All have a leading axis of tasks, but weights, which have one of s->rows. vx, gx and dgx may be missing.
extern "C" {

void forward(const Shape* s, const T* x, Weights weights, T* y, T* saved) {
    each_task(*s, [&](Worker& worker, int64_t t, int64_t row) { worker.forward(t, row, x, weights, y, saved); });
}

void gradient(const Shape* s, const T* x, Weights weights, const T* saved, const T* g, T* gx, Weights gweights) {
    each_task(*s, [&](Worker& worker, int64_t t, int64_t row) {
        worker.gradient(t, row, x, weights, saved, g, gx, gweights);
    });
}

void forward_tangent(const Shape* s, const T* x, Weights weights, const T* saved, const T* vx, Weights v, T* dy,
                     T* moved) {
    each_task(*s, [&](Worker& worker, int64_t t, int64_t row) {
        worker.forward_tangent(t, row, x, weights, saved, vx, v, dy, moved);
    });
}

void backward_tangent(const Shape* s, const T* x, Weights weights, const T* saved, const T* g, const T* dg, const T* vx,
                      Weights v, const T* moved, T* dgx, Weights dgweights) {
    each_task(*s, [&](Worker& worker, int64_t t, int64_t row) {
        worker.backward_tangent(t, row, x, weights, saved, g, dg, vx, v, moved, dgx, dgweights);
    });
}
}
