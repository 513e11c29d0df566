// Strided convolutions with batch norm and ReLU, for many tasks at once, each with weights of its own: the features, their
// gradient, and the derivative of that gradient. conv4.py says what is computed; tests hold it to autograd in float64.
//
// A task is one thread's work from the first block to the last, so that what one block leaves is still in the cache when
// the next one reads it. Activations are kept as (image, pixel, channel), channels padded with zeros to whole vectors:
// a convolution is then a sum over its taps of rows times panels, read where they lie, without im2col. A tile is one
// pixel of up to six images, so that all its rows have the same taps and padding costs nothing.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr int BYTES = 64, ROWS = 6, VECTORS = 4;
#elif defined(__AVX__)
constexpr int BYTES = 32, ROWS = 6, VECTORS = 2;
#else
constexpr int BYTES = 16, ROWS = 6, VECTORS = 4;
#endif

constexpr int TOGETHER = 64;  // pixels whose outer products are summed in registers

struct Shape {
    int64_t tasks, rows, images, height, width, inputs, channels, blocks;
    double eps;
    int64_t threads, packed;
};

// Memory that a thread keeps for its next task: fresh memory costs a page fault every 4 KiB.
template <class T>
class Scratch {
    struct Free {
        void operator()(T* data) const { ::operator delete[](data, LINE); }
    };
    struct Chunk {
        size_t size;
        std::unique_ptr<T[], Free> data;
    };
    static constexpr std::align_val_t LINE{64};  // of the cache: a vector that lies across two is read twice
    static std::vector<Chunk>& kept() {
        thread_local std::vector<Chunk> chunks;
        return chunks;
    }
    Chunk chunk = {0, nullptr};

   public:
    Scratch() = default;
    explicit Scratch(size_t size) {
        auto& free = kept();
        auto fits = [&](const Chunk& one) { return one.size >= size && one.size <= 2 * size; };
        const auto found = std::find_if(free.begin(), free.end(), fits);
        if (found == free.end()) {
            chunk = {size, std::unique_ptr<T[], Free>(static_cast<T*>(::operator new[](size * sizeof(T), LINE)))};
        } else {
            chunk = std::move(*found);
            free.erase(found);
        }
    }
    Scratch(Scratch&& other) : chunk(std::exchange(other.chunk, {0, nullptr})) {}
    Scratch& operator=(Scratch&& other) {
        std::swap(chunk, other.chunk);
        return *this;
    }
    ~Scratch() {
        if (chunk.data) kept().push_back(std::move(chunk));
    }
    T* data() { return chunk.data.get(); }
    const T* data() const { return chunk.data.get(); }
};

template <class T>
struct Net {
    static constexpr int LANES = BYTES / sizeof(T);
    typedef T Vector __attribute__((vector_size(BYTES), aligned(sizeof(T))));
    typedef Scratch<T> Buffer;

    static Vector load(const T* p) { return *(const Vector*)p; }
    static void store(T* p, Vector value) { *(Vector*)p = value; }
    static Buffer zeros(size_t size) {
        Buffer buffer(size);
        std::fill_n(buffer.data(), size, T(0));
        return buffer;
    }
    static int64_t padded(int64_t channels) { return (channels + LANES - 1) / LANES * LANES; }

    struct Link {
        int tap, pixel;
    };

    // One convolution 3x3 of stride 2 and padding 1: which pixels meet through which taps.
    struct Layer {
        int64_t in, in_padded, out, out_padded, in_pixels, out_pixels;
        std::vector<std::vector<Link>> reads;  // of each output pixel: the input pixels it reads
        std::vector<std::vector<Link>> feeds;  // of each input pixel: the output pixels it feeds

        Layer(int64_t height, int64_t width, int64_t in, int64_t in_padded, int64_t out)
            : in(in), in_padded(in_padded), out(out), out_padded(padded(out)) {
            const int64_t down = (height + 1) / 2, across = (width + 1) / 2;
            in_pixels = height * width, out_pixels = down * across;
            reads.resize(out_pixels), feeds.resize(in_pixels);
            for (int64_t p = 0; p < out_pixels; p++)
                for (int tap = 0; tap < 9; tap++) {
                    const int64_t y = p / across * 2 + tap / 3 - 1, x = p % across * 2 + tap % 3 - 1;
                    if (y < 0 || y >= height || x < 0 || x >= width) continue;
                    reads[p].push_back({tap, int(y * width + x)});
                    feeds[y * width + x].push_back({tap, int(p)});
                }
        }
        int64_t in_size() const { return in_pixels * in_padded; }     // of one image
        int64_t out_size() const { return out_pixels * out_padded; }  // of one image
        int64_t size() const { return out * in * 9; }                 // of the weights
        int64_t panel_size() const { return 9 * in * out_padded; }
    };

    struct Term {
        const T *rows, *other;
    };
    struct Segment {
        const T *rows, *panel;
    };

    // out[r] = sum over segments and k < depth of rows[r * stride + k] * panel[k]
    template <int R, int V>
    static void tile(const Segment* segments, int n, int64_t stride, int64_t depth, int64_t c0, int64_t ld, T* out,
                     int64_t out_stride) {
        Vector sum[R][V] = {};
        for (int s = 0; s < n; s++) {
            const T *rows = segments[s].rows, *panel = segments[s].panel + c0;
            for (int64_t k = 0; k < depth; k++, panel += ld) {
                Vector b[V];
                for (int v = 0; v < V; v++) b[v] = load(panel + v * LANES);
                for (int r = 0; r < R; r++) {
                    const T a = rows[r * stride + k];
                    for (int v = 0; v < V; v++) sum[r][v] += a * b[v];
                }
            }
        }
        for (int r = 0; r < R; r++)
            for (int v = 0; v < V; v++) store(out + r * out_stride + v * LANES, sum[r][v]);
    }

    // out[r] += sum over k < n of a[k][r] * b[k]
    template <int R, int V>
    static void outer(const T* const* a, const T* const* b, int64_t n, int64_t r0, int64_t c0, T* out, int64_t ld) {
        Vector sum[R][V] = {};
        for (int64_t k = 0; k < n; k++) {
            const T *x = a[k] + r0, *y = b[k] + c0;
            Vector row[V];
            for (int v = 0; v < V; v++) row[v] = load(y + v * LANES);
            for (int r = 0; r < R; r++)
                for (int v = 0; v < V; v++) sum[r][v] += x[r] * row[v];
        }
        for (int r = 0; r < R; r++)
            for (int v = 0; v < V; v++) {
                T* to = out + r * ld + v * LANES;
                store(to, load(to) + sum[r][v]);
            }
    }

    // Call f<R, V>() for 1 <= r <= ROWS and 1 <= v <= VECTORS.
    template <int R = ROWS, int V = VECTORS, class F>
    static void with(int r, int v, F f) {
        if constexpr (R > 1) {
            if (r < R) return with<R - 1, V>(r, v, f);
        }
        if constexpr (V > 1) {
            if (v < V) return with<R, V - 1>(r, v, f);
        }
        f.template operator()<R, V>();
    }

    // Visit 0..n in pieces of nearly equal size, at most `most` each.
    template <class F>
    static void pieces(int64_t n, int64_t most, F f) {
        const int64_t count = (n + most - 1) / most;
        for (int64_t i = 0; i < count; i++) f(n * i / count, n * (i + 1) / count - n * i / count);
    }

    // At each pixel, the sum over its links and over the terms of the linked row times the tap's panel (depth, out_padded).
    static void gather(const std::vector<std::vector<Link>>& links, const Term* terms, int n_terms, int64_t images,
                       int64_t depth, int64_t source_padded, int64_t source_size, T* out, int64_t out_padded) {
        const int64_t out_size = int64_t(links.size()) * out_padded;
        pieces(images, ROWS, [&](int64_t first, int64_t count) {
            for (size_t p = 0; p < links.size(); p++) {
                std::array<Segment, 18> segments;
                int n = 0;
                for (int t = 0; t < n_terms; t++)
                    for (const Link& link : links[p])
                        segments[n++] = {terms[t].rows + first * source_size + link.pixel * source_padded,
                                         terms[t].other + link.tap * depth * out_padded};
                pieces(out_padded / LANES, VECTORS, [&](int64_t v, int64_t vectors) {
                    T* to = out + first * out_size + int64_t(p) * out_padded + v * LANES;
                    with(int(count), int(vectors), [&]<int R, int V>() {
                        tile<R, V>(segments.data(), n, source_size, depth, v * LANES, out_padded, to, out_size);
                    });
                });
            }
        });
    }

    // z = the convolution, summed over the terms (input, weights).
    static void convolve(const Layer& l, const Term* terms, int n_terms, int64_t images, T* z) {
        gather(l.reads, terms, n_terms, images, l.in, l.in_padded, l.in_size(), z, l.out_padded);
    }

    // The gradient for the input, summed over the terms (gradient for z, turned weights).
    static void input_gradient(const Layer& l, const Term* terms, int n_terms, int64_t images, T* gx, int64_t padded_to) {
        gather(l.feeds, terms, n_terms, images, l.out, l.out_padded, l.out_size(), gx, padded_to);
    }

    // The gradient for the weights (tap, in, out_padded), summed over the terms (input, gradient for z).
    static void weight_gradient(const Layer& l, const Term* terms, int n_terms, int64_t images, T* gw) {
        std::fill_n(gw, l.panel_size(), T(0));
        if (l.in == 1) return one_channel(l, terms, n_terms, images, gw);
        std::array<std::vector<Link>, 9> pairs;  // by tap: the output pixel as `tap`, the input pixel
        for (int64_t p = 0; p < l.out_pixels; p++)
            for (const Link& link : l.reads[p]) pairs[link.tap].push_back({int(p), link.pixel});
        const int64_t together = std::max<int64_t>(1, TOGETHER / l.out_pixels);
        std::vector<const T*> a, b;
        for (int t = 0; t < n_terms; t++)
            for (int64_t first = 0; first < images; first += together)
                for (int tap = 0; tap < 9; tap++) {
                    a.clear(), b.clear();
                    for (int64_t i = first; i < std::min(images, first + together); i++)
                        for (const Link& pair : pairs[tap]) {
                            a.push_back(terms[t].rows + i * l.in_size() + pair.pixel * l.in_padded);
                            b.push_back(terms[t].other + i * l.out_size() + pair.tap * l.out_padded);
                        }
                    if (first + together < images)
                        fetch(terms[t].rows + (first + together) * l.in_size(), together * l.in_size(), tap);
                    outer_products(a, b, l.in, l.out_padded, gw + tap * l.in * l.out_padded);
                }
    }

    // Ask for the tap-th ninth of rows that will be read soon.
    static void fetch(const T* rows, int64_t size, int tap) {
        for (int64_t i = tap * size / 9; i < (tap + 1) * size / 9; i += 64 / int64_t(sizeof(T))) __builtin_prefetch(rows + i);
    }

    // The same for images of one channel, where the nine taps stand in for the channels.
    static void one_channel(const Layer& l, const Term* terms, int n_terms, int64_t images, T* gw) {
        const int64_t together = std::max<int64_t>(1, TOGETHER / l.out_pixels), most = together * l.out_pixels;
        Buffer patches(9 * most);
        std::vector<const T*> a, b;
        for (int t = 0; t < n_terms; t++)
            for (int64_t first = 0; first < images; first += together) {
                T* patch = patches.data();
                a.clear(), b.clear();
                for (int64_t i = first; i < std::min(images, first + together); i++)
                    for (int64_t p = 0; p < l.out_pixels; p++, patch += 9) {
                        std::fill_n(patch, 9, T(0));
                        for (const Link& link : l.reads[p]) patch[link.tap] = terms[t].rows[i * l.in_pixels + link.pixel];
                        a.push_back(patch);
                        b.push_back(terms[t].other + i * l.out_size() + p * l.out_padded);
                    }
                outer_products(a, b, 9, l.out_padded, gw);
            }
    }

    // out (rows, c) += sum over k of a[k] (rows,) times b[k] (c,)
    static void outer_products(const std::vector<const T*>& a, const std::vector<const T*>& b, int64_t rows, int64_t c,
                               T* out) {
        pieces(c / LANES, VECTORS, [&](int64_t v, int64_t vectors) {
            pieces(rows, ROWS, [&](int64_t r, int64_t count) {
                with(int(count), int(vectors), [&]<int R, int V>() {
                    outer<R, V>(a.data(), b.data(), int64_t(a.size()), r, v * LANES, out + r * c + v * LANES, c);
                });
            });
        });
    }

    // Of each pair of lanes that differ in bit S, the first ones of a and b, or the second ones.
    template <int S, int HIGH, int... I>
    static Vector merged(Vector a, Vector b, std::integer_sequence<int, I...>) {
#if __has_builtin(__builtin_shufflevector)
        return __builtin_shufflevector(a, b, (I & S ? LANES + I - S + HIGH * S : I + HIGH * S)...);
#else
        return Vector{(I & S ? b[I - S + HIGH * S] : a[I + HIGH * S])...};
#endif
    }

    // Turn a square of vectors, S = 1.
    template <int S>
    static void transpose(Vector* rows) {
        if constexpr (S < LANES) {
            constexpr auto lanes = std::make_integer_sequence<int, LANES>();
            for (int r = 0; r < LANES; r++) {
                if (r & S) continue;
                const Vector a = rows[r], b = rows[r + S];
                rows[r] = merged<S, 0>(a, b, lanes), rows[r + S] = merged<S, 1>(a, b, lanes);
            }
            transpose<2 * S>(rows);
        }
    }

    // to(j)[i] = from(i)[j] for i < n and j < m; where `padded`, 0 for the i up to a whole vector.
    template <class From, class To>
    static void turn(int64_t n, int64_t m, bool padded, From from, To to) {
        for (int64_t i = 0; i < n; i += LANES)
            for (int64_t j = 0; j < m; j += LANES) {
                const int64_t rows = std::min<int64_t>(LANES, n - i), ends = std::min<int64_t>(LANES, m - j);
                if (rows == LANES && ends == LANES) {
                    Vector square[LANES];
                    for (int r = 0; r < LANES; r++) {
                        square[r] = load(from(i + r) + j);
                        __builtin_prefetch(from(std::min(n - 1, i + LANES + r)) + j, 0, 2);  // the next square's
                    }
                    transpose<1>(square);
                    for (int r = 0; r < LANES; r++) store(to(j + r) + i, square[r]);
                } else {
                    for (int64_t k = j; k < j + ends; k++) {
                        for (int64_t r = 0; r < rows; r++) to(k)[i + r] = from(i + r)[k];
                        if (padded) std::fill(to(k) + i + rows, to(k) + i + LANES, T(0));
                    }
                }
            }
    }

    // (out, in, 3, 3) -> (tap, in, out_padded)
    static void pack(const Layer& l, const T* w, T* panel) {
        turn(l.out, 9 * l.in, true, [&](int64_t o) { return w + o * 9 * l.in; }, panel_row(l, panel));
    }

    // (tap, in, out_padded) -> (out, in, 3, 3)
    static void unpack(const Layer& l, const T* panel, T* w) {
        turn(9 * l.in, l.out, false, panel_row(l, panel), [&](int64_t o) { return w + o * 9 * l.in; });
    }

    // The k-th row of a panel, where k counts taps within channels.
    template <class P>
    static auto panel_row(const Layer& l, P* panel) {
        return [&l, panel](int64_t k) { return panel + (k % 9 * l.in + k / 9) * l.out_padded; };
    }

    // (tap, in, out_padded) -> (tap, out, padded(in))
    static Buffer turned(const Layer& l, const T* panel) {
        const int64_t to = padded(l.in);
        Buffer result(9 * l.out * to);
        for (int tap = 0; tap < 9; tap++)
            turn(l.in, l.out, true, [&](int64_t i) { return panel + (tap * l.in + i) * l.out_padded; },
                 [&](int64_t o) { return result.data() + (tap * l.out + o) * to; });
        return result;
    }

    // The panel of a convolution's weights, which are one already where the caller has packed them.
    struct Panel {
        Buffer own;
        const T* panel;

        Panel(const Shape& shape, const Layer& l, const T* w) : panel(w) {
            if (shape.packed) return;
            own = Buffer(l.panel_size());
            pack(l, w, own.data()), panel = own.data();
        }
        const T* data() const { return panel; }
    };

    // total[k] += the sum over rows 0..m of what add(i, sums) adds, 64 rows at a time: one long sum would round as often as
    // it has rows.
    template <int N, class F>
    static void sum_rows(int64_t m, Vector* total, F add) {
        for (int64_t first = 0; first < m; first += 64) {
            Vector sums[N] = {};
            for (int64_t i = first; i < std::min(m, first + 64); i++) add(i, sums);
            for (int k = 0; k < N; k++) total[k] += sums[k];
        }
    }

    // Call f<V>(j) for the vectors of c channels, V together from channel j.
    template <class F>
    static void columns(int64_t c, F f) {
        pieces(c / LANES, VECTORS, [&](int64_t v, int64_t vectors) {
            with<1, VECTORS>(1, int(vectors), [&]<int, int V>() { f.template operator()<V>(v * LANES); });
        });
    }

    // Batch norm and ReLU of one block: a = max(0, gamma * xhat + beta), xhat = (z - mean) * scale, over m rows of c.
    struct Norm {
        int64_t m, c;
        T part;  // 1 / m
        const T *z, *mean, *scale;
        Buffer gamma, beta;

        Norm(const Layer& l, int64_t images, const T* saved, const T* weight, const T* bias)
            : m(images * l.out_pixels), c(l.out_padded), part(T(1) / m), z(saved), mean(saved + m * c), scale(mean + c),
              gamma(padded_copy(l, weight)), beta(padded_copy(l, bias)) {}

        static Buffer padded_copy(const Layer& l, const T* weight) {
            Buffer copy = zeros(l.out_padded);
            std::copy_n(weight, l.out, copy.data());
            return copy;
        }
        static int64_t saves(const Layer& l, int64_t images) { return images * l.out_size() + 2 * l.out_padded; }

        static void statistics(const Layer& l, int64_t images, T eps, T* saved) {
            const int64_t m = images * l.out_pixels, c = l.out_padded;
            columns(c, [&]<int V>(int64_t j0) {
                Vector mean[V] = {}, square[V] = {};
                sum_rows<V>(m, mean, [&](int64_t i, Vector* sum) {
                    for (int v = 0; v < V; v++) sum[v] += load(saved + i * c + j0 + v * LANES);
                });
                for (int v = 0; v < V; v++) mean[v] /= T(m);
                sum_rows<V>(m, square, [&](int64_t i, Vector* sum) {
                    for (int v = 0; v < V; v++) {
                        const Vector centred = load(saved + i * c + j0 + v * LANES) - mean[v];
                        sum[v] += centred * centred;
                    }
                });
                for (int v = 0; v < V; v++) {
                    T* at = saved + m * c + j0 + v * LANES;
                    store(at, mean[v]);
                    for (int k = 0; k < LANES; k++) at[c + k] = 1 / std::sqrt(square[v][k] / m + eps);
                }
            });
        }

        Vector xhat(int64_t i, int64_t j) const { return (load(z + i * c + j) - load(mean + j)) * load(scale + j); }
        Vector before(Vector x, int64_t j) const { return load(gamma.data() + j) * x + load(beta.data() + j); }
        Vector masked(Vector x, int64_t j, Vector g) const { return before(x, j) > T(0) ? g : Vector{}; }

        void forward(T* a) const {
            columns(c, [&]<int V>(int64_t j0) {
                for (int64_t i = 0; i < m; i++)
                    for (int v = 0; v < V; v++) {
                        const int64_t j = j0 + v * LANES;
                        const Vector u = before(xhat(i, j), j);
                        store(a + i * c + j, u < T(0) ? Vector{} : u);  // NaN stays NaN
                    }
            });
        }

        // Turn the gradient for a into the gradient for z; the sums are those for beta and gamma.
        void backward(T* g, T* sum1, T* sum2) const {
            columns(c, [&]<int V>(int64_t j0) {
                Vector sums[2 * V] = {}, *s1 = sums, *s2 = sums + V;
                sum_rows<2 * V>(m, sums, [&](int64_t i, Vector* sum) {
                    for (int v = 0; v < V; v++) {
                        const int64_t j = j0 + v * LANES;
                        const Vector x = xhat(i, j), gu = masked(x, j, load(g + i * c + j));
                        sum[v] += gu, sum[V + v] += gu * x;
                    }
                });
                for (int v = 0; v < V; v++) store(sum1 + j0 + v * LANES, s1[v]), store(sum2 + j0 + v * LANES, s2[v]);
                for (int64_t i = 0; i < m; i++)
                    for (int v = 0; v < V; v++) {
                        const int64_t j = j0 + v * LANES;
                        const Vector x = xhat(i, j), gu = masked(x, j, load(g + i * c + j));
                        const Vector inner = gu - part * (s1[v] + x * s2[v]);
                        store(g + i * c + j, load(gamma.data() + j) * load(scale + j) * inner);
                    }
            });
        }

        // How xhat and a move when z moves by dz and the weights by dgamma, dbeta; dz becomes xhat's, q is for later.
        void forward_tangent(T* dz, const T* dgamma, const T* dbeta, T* da, T* q) const {
            columns(c, [&]<int V>(int64_t j0) {
                Vector sums[2 * V] = {}, *moved = sums, *along = sums + V;
                sum_rows<2 * V>(m, sums, [&](int64_t i, Vector* sum) {
                    for (int v = 0; v < V; v++) {
                        const int64_t j = j0 + v * LANES;
                        const Vector d = part * load(dz + i * c + j);
                        sum[v] += d, sum[V + v] += d * xhat(i, j);
                    }
                });
                for (int v = 0; v < V; v++) store(q + j0 + v * LANES, along[v]);
                for (int64_t i = 0; i < m; i++)
                    for (int v = 0; v < V; v++) {
                        const int64_t j = j0 + v * LANES;
                        const Vector x = xhat(i, j);
                        const Vector dx = load(scale + j) * (load(dz + i * c + j) - moved[v] - x * along[v]);
                        const Vector du = load(dgamma + j) * x + load(gamma.data() + j) * dx + load(dbeta + j);
                        store(dz + i * c + j, dx);
                        store(da + i * c + j, masked(x, j, du));
                    }
            });
        }

        // backward, and how its result and its sums move: g and dg become the gradient for z and its movement.
        void backward_tangent(T* g, T* dg, const T* dxhat, const T* q, const T* dgamma, T* dsum1, T* dsum2) const {
            columns(c, [&]<int V>(int64_t j0) {
                Vector sums[4 * V] = {}, *s1 = sums, *s2 = sums + V, *ds1 = sums + 2 * V, *ds2 = sums + 3 * V;
                sum_rows<4 * V>(m, sums, [&](int64_t i, Vector* sum) {
                    for (int v = 0; v < V; v++) {
                        const int64_t j = j0 + v * LANES, k = i * c + j;
                        const Vector x = xhat(i, j), gu = masked(x, j, load(g + k)), dgu = masked(x, j, load(dg + k));
                        sum[v] += gu, sum[V + v] += gu * x;
                        sum[2 * V + v] += dgu, sum[3 * V + v] += dgu * x + gu * load(dxhat + k);
                    }
                });
                for (int v = 0; v < V; v++) store(dsum1 + j0 + v * LANES, ds1[v]), store(dsum2 + j0 + v * LANES, ds2[v]);
                for (int64_t i = 0; i < m; i++)
                    for (int v = 0; v < V; v++) {
                        const int64_t j = j0 + v * LANES, k = i * c + j;
                        const Vector x = xhat(i, j), dx = load(dxhat + k);
                        const Vector inner = masked(x, j, load(g + k)) - part * (s1[v] + x * s2[v]);
                        const Vector dinner = masked(x, j, load(dg + k)) - part * (ds1[v] + dx * s2[v] + x * ds2[v]);
                        const Vector factor = load(gamma.data() + j) * load(scale + j);
                        const Vector dfactor = load(scale + j) * (load(dgamma + j) - factor * load(q + j));
                        store(g + k, factor * inner);
                        store(dg + k, dfactor * inner + factor * dinner);
                    }
            });
        }
    };

    struct Weights {  // of one block: (out, in, 3, 3) or its panel, (out,), (out,)
        T *conv, *gamma, *beta;
    };

    const Shape shape;
    const std::vector<Layer>& layers;

    explicit Net(const Shape& shape) : shape(shape), layers(layers_of(shape)) {}

    // The layers of a network, made once.
    static const std::vector<Layer>& layers_of(const Shape& shape) {
        static std::mutex one_at_a_time;
        static std::map<std::array<int64_t, 5>, std::vector<Layer>> made;
        const std::lock_guard<std::mutex> lock(one_at_a_time);
        int64_t height = shape.height, width = shape.width, in = shape.inputs, in_padded = in;
        std::vector<Layer>& layers = made[{height, width, in, shape.channels, shape.blocks}];
        for (int64_t l = int64_t(layers.size()); l < shape.blocks; l++) {
            layers.emplace_back(height, width, in, in_padded, shape.channels);
            height = (height + 1) / 2, width = (width + 1) / 2, in = shape.channels, in_padded = padded(in);
        }
        return layers;
    }

    int64_t saves() const {
        int64_t size = 0;
        for (const Layer& l : layers) size += Norm::saves(l, shape.images);
        return size;
    }

    // The weights of block l at a row of their leading axis.
    Weights at(T* const* weights, int64_t l, int64_t row) const {
        const Layer& layer = layers[l];
        return {weights[3 * l] + row * (shape.packed ? layer.panel_size() : layer.size()),
                weights[3 * l + 1] + row * layer.out, weights[3 * l + 2] + row * layer.out};
    }
    int64_t row(int64_t task) const { return task * shape.rows / shape.tasks; }

    // (images, inputs, pixels) <-> (images, pixels, ld)
    Buffer pixels_first(const T* x) const {
        const Layer& l = layers[0];
        Buffer rows(shape.images * l.in_size());
        for (int64_t n = 0; n < shape.images; n++)
            for (int64_t i = 0; i < l.in; i++)
                for (int64_t p = 0; p < l.in_pixels; p++)
                    rows.data()[(n * l.in_pixels + p) * l.in_padded + i] = x[(n * l.in + i) * l.in_pixels + p];
        return rows;
    }
    void channels_first(const Buffer& rows, T* x) const {
        const Layer& l = layers[0];
        for (int64_t n = 0; n < shape.images; n++)
            for (int64_t i = 0; i < l.in; i++)
                for (int64_t p = 0; p < l.in_pixels; p++)
                    x[(n * l.in + i) * l.in_pixels + p] = rows.data()[(n * l.in_pixels + p) * padded(l.in) + i];
    }

    // (images, pixels, out_padded) -> the mean over pixels, (images, out); and its gradient back.
    void mean(const T* a, T* features) const {
        const Layer& l = layers.back();
        for (int64_t n = 0; n < shape.images; n++)
            for (int64_t c = 0; c < l.out; c++) {
                T sum = 0;
                for (int64_t p = 0; p < l.out_pixels; p++) sum += a[(n * l.out_pixels + p) * l.out_padded + c];
                features[n * l.out + c] = sum / l.out_pixels;
            }
    }
    Buffer spread(const T* g) const {
        const Layer& l = layers.back();
        Buffer rows = zeros(shape.images * l.out_size());
        for (int64_t n = 0; n < shape.images; n++)
            for (int64_t p = 0; p < l.out_pixels; p++)
                for (int64_t c = 0; c < l.out; c++)
                    rows.data()[(n * l.out_pixels + p) * l.out_padded + c] = g[n * l.out + c] / l.out_pixels;
        return rows;
    }

    struct Block {
        Norm norm;
        Buffer input;
    };
    struct Blocks {
        Buffer own;  // what was computed, where the caller keeps nothing
        std::vector<Block> list;
        const Block& operator[](size_t l) const { return list[l]; }
    };

    // Each block's norm and input: computed into `saved`, or into memory of their own, or from what is saved already.
    Blocks blocks(int64_t task, const T* x, T* const* weights, T* saved, bool compute) const {
        Blocks found;
        if (!saved) {
            found.own = Buffer(saves());
            saved = found.own.data(), compute = true;
        }
        Buffer a = pixels_first(x);
        for (size_t l = 0; l < layers.size(); l++) {
            const Layer& layer = layers[l];
            const Weights w = at(weights, l, row(task));
            if (compute) {
                const Panel panel(shape, layer, w.conv);
                const Term term = {a.data(), panel.data()};
                convolve(layer, &term, 1, shape.images, saved);
                Norm::statistics(layer, shape.images, T(shape.eps), saved);
            }
            found.list.push_back({Norm(layer, shape.images, saved, w.gamma, w.beta), std::move(a)});
            if (l + 1 < layers.size()) {
                a = Buffer(shape.images * layer.out_size());
                found.list.back().norm.forward(a.data());
            }
            saved += Norm::saves(layer, shape.images);
        }
        return found;
    }

    // The same, as the weights are kept.
    void weight_gradient(const Layer& l, const Term* terms, int n_terms, T* gw) const {
        if (shape.packed) return weight_gradient(l, terms, n_terms, shape.images, gw);
        Buffer panel(l.panel_size());
        weight_gradient(l, terms, n_terms, shape.images, panel.data());
        unpack(l, panel.data(), gw);
    }

    void forward(int64_t task, const T* x, T* const* weights, T* features, T* saved) const {
        const Blocks blocks = this->blocks(task, x, weights, saved, true);
        Buffer a(shape.images * layers.back().out_size());
        blocks.list.back().norm.forward(a.data());
        mean(a.data(), features);
    }

    void gradient(int64_t task, const T* x, T* const* weights, T* saved, const T* g, T* gx, T* const* gweights) const {
        const Blocks blocks = this->blocks(task, x, weights, saved, false);
        Buffer rows = spread(g), sum1(padded(shape.channels)), sum2(padded(shape.channels));
        for (size_t l = layers.size(); l-- > 0;) {
            const Layer& layer = layers[l];
            const Weights out = at(gweights, l, task);
            blocks[l].norm.backward(rows.data(), sum1.data(), sum2.data());
            std::copy_n(sum1.data(), layer.out, out.beta);
            std::copy_n(sum2.data(), layer.out, out.gamma);
            const Term pair = {blocks[l].input.data(), rows.data()};
            weight_gradient(layer, &pair, 1, out.conv);
            if (l == 0 && !gx) break;
            const Buffer panel = turned(layer, Panel(shape, layer, at(weights, l, row(task)).conv).data());
            Buffer before(shape.images * layer.in_pixels * padded(layer.in));
            const Term term = {rows.data(), panel.data()};
            input_gradient(layer, &term, 1, shape.images, before.data(), padded(layer.in));
            rows = std::move(before);
        }
        if (gx) channels_first(rows, gx);
    }

    // What forward_tangent leaves for backward_tangent: of each block how xhat moves, q, and how its output moves.
    int64_t moves() const {
        int64_t size = 0;
        for (const Layer& l : layers) size += 2 * shape.images * l.out_size() + l.out_padded;
        return size;
    }

    // How the features move when x moves by vx and the weights by v.
    void forward_tangent(int64_t task, const T* x, T* const* weights, T* saved, const T* vx, T* const* v,
                         T* dfeatures, T* moved) const {
        const Blocks blocks = this->blocks(task, x, weights, saved, false);
        const Buffer dx = vx ? pixels_first(vx) : Buffer();
        const T* da = dx.data();
        for (size_t l = 0; l < layers.size(); l++) {
            const Layer& layer = layers[l];
            const Weights w = at(weights, l, row(task)), dw = at(v, l, task);
            const Panel panel(shape, layer, w.conv), dpanel(shape, layer, dw.conv);
            const Term terms[2] = {{blocks[l].input.data(), dpanel.data()}, {da, panel.data()}};
            const int64_t size = shape.images * layer.out_size();
            T *dxhat = moved, *q = moved + size, *out = q + layer.out_padded;
            convolve(layer, terms, da ? 2 : 1, shape.images, dxhat);
            const Buffer dgamma = Norm::padded_copy(layer, dw.gamma), dbeta = Norm::padded_copy(layer, dw.beta);
            blocks[l].norm.forward_tangent(dxhat, dgamma.data(), dbeta.data(), out, q);
            da = out, moved = out + size;
        }
        mean(da, dfeatures);
    }

    // How the gradient for the weights, and for x, moves when these moves are made and g moves by dg.
    void backward_tangent(int64_t task, const T* x, T* const* weights, T* saved, const T* g, const T* dg,
                          const T* vx, T* const* v, const T* moved, T* dgx, T* const* dgweights) const {
        const Blocks blocks = this->blocks(task, x, weights, saved, false);
        const Buffer dx = vx ? pixels_first(vx) : Buffer();
        const int64_t images = shape.images, c = padded(shape.channels);
        Buffer rows = spread(g), drows = spread(dg), dsum1(c), dsum2(c);
        moved += moves();
        for (size_t l = layers.size(); l-- > 0;) {
            const Layer& layer = layers[l];
            const Weights w = at(weights, l, row(task)), dw = at(v, l, task), out = at(dgweights, l, task);
            const T *q = moved - images * layer.out_size() - c, *dxhat = q - images * layer.out_size();
            const T* da = l ? dxhat - layers[l - 1].out_size() * images : dx.data();
            const Buffer dgamma = Norm::padded_copy(layer, dw.gamma);
            blocks[l].norm.backward_tangent(rows.data(), drows.data(), dxhat, q, dgamma.data(), dsum1.data(), dsum2.data());
            std::copy_n(dsum1.data(), layer.out, out.beta);
            std::copy_n(dsum2.data(), layer.out, out.gamma);
            const Term pairs[2] = {{blocks[l].input.data(), drows.data()}, {da, rows.data()}};
            weight_gradient(layer, pairs, da ? 2 : 1, out.conv);
            if (l == 0 && !dgx) break;
            const int64_t to = padded(layer.in);
            const Buffer panel = turned(layer, Panel(shape, layer, w.conv).data());
            const Buffer dpanel = turned(layer, Panel(shape, layer, dw.conv).data());
            Buffer before(images * layer.in_pixels * to), dbefore(images * layer.in_pixels * to);
            const Term terms[2] = {{drows.data(), panel.data()}, {rows.data(), dpanel.data()}};
            input_gradient(layer, terms, 2, images, dbefore.data(), to);
            const Term term = {rows.data(), panel.data()};
            if (l) input_gradient(layer, &term, 1, images, before.data(), to);
            rows = std::move(before), drows = std::move(dbefore);
            moved = dxhat;
        }
        if (dgx) channels_first(drows, dgx);
    }

    template <class F>
    void each_task(F f) const {
#pragma omp parallel for schedule(dynamic) num_threads(int(shape.threads))
        for (int64_t task = 0; task < shape.tasks; task++) f(task);
    }
    int64_t x_size() const { return shape.images * shape.inputs * shape.height * shape.width; }
    int64_t features_size() const { return shape.images * shape.channels; }
};

}  // namespace

// REAL is float or double; what is passed in rows has a leading axis of tasks.
typedef Net<REAL> Network;

// What may be missing.
template <class T>
T* row(T* rows, int64_t offset) {
    return rows ? rows + offset : nullptr;
}

extern "C" {

int64_t saves(const Shape* shape) { return Network(*shape).saves(); }

// How many channels a panel of so many has.
int64_t padded(int64_t channels) { return Network::padded(channels); }

// The convolutions' weights of each block, as panels and back again.
void pack(const Shape* shape, REAL* const* weights, REAL* const* panels) {
    const Network net(*shape);
    net.each_task([&](int64_t t) {
        for (size_t l = 0; l < net.layers.size(); l++)
            net.pack(net.layers[l], weights[l] + t * net.layers[l].size(), panels[l] + t * net.layers[l].panel_size());
    });
}

void unpack(const Shape* shape, REAL* const* panels, REAL* const* weights) {
    const Network net(*shape);
    net.each_task([&](int64_t t) {
        for (size_t l = 0; l < net.layers.size(); l++)
            net.unpack(net.layers[l], panels[l] + t * net.layers[l].panel_size(), weights[l] + t * net.layers[l].size());
    });
}

int64_t moves(const Shape* shape) { return Network(*shape).moves(); }

void forward(const Shape* shape, const REAL* x, REAL* const* weights, REAL* features, REAL* saved) {
    const Network net(*shape);
    net.each_task([&](int64_t t) {
        net.forward(t, x + t * net.x_size(), weights, features + t * net.features_size(), row(saved, t * net.saves()));
    });
}

void gradient(const Shape* shape, const REAL* x, REAL* const* weights, REAL* saved, const REAL* g, REAL* gx,
              REAL* const* gweights) {
    const Network net(*shape);
    net.each_task([&](int64_t t) {
        net.gradient(t, x + t * net.x_size(), weights, row(saved, t * net.saves()), g + t * net.features_size(),
                     row(gx, t * net.x_size()), gweights);
    });
}

void forward_tangent(const Shape* shape, const REAL* x, REAL* const* weights, REAL* saved, const REAL* vx,
                     REAL* const* v, REAL* dfeatures, REAL* moved) {
    const Network net(*shape);
    net.each_task([&](int64_t t) {
        net.forward_tangent(t, x + t * net.x_size(), weights, row(saved, t * net.saves()), row(vx, t * net.x_size()),
                            v, dfeatures + t * net.features_size(), moved + t * net.moves());
    });
}

void backward_tangent(const Shape* shape, const REAL* x, REAL* const* weights, REAL* saved, const REAL* g,
                      const REAL* dg, const REAL* vx, REAL* const* v, const REAL* moved, REAL* dgx,
                      REAL* const* dgweights) {
    const Network net(*shape);
    net.each_task([&](int64_t t) {
        net.backward_tangent(t, x + t * net.x_size(), weights, row(saved, t * net.saves()), g + t * net.features_size(),
                             dg + t * net.features_size(), row(vx, t * net.x_size()), v, moved + t * net.moves(),
                             row(dgx, t * net.x_size()), dgweights);
    });
}
}
