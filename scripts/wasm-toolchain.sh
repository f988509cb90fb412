#!/bin/sh
# wasm-toolchain.sh DIR: makes in DIR/usr a Rust toolchain with the wasm32 standard library from Debian's packages, for machines
# where rustup's download server cannot be reached. No root is needed and /usr is not touched. About 40 s and 500 MB.
# Afterwards RUSTUP_TOOLCHAIN=DIR/usr (an absolute path) serves cargo, clippy and wasm-pack.
# wasm-toolchain.sh --check DIR: is it there, and was it made from the compilers that are there now?
set -eu

# What the toolchain is made from: Debian's compiler, whose version moves with security updates, and rustup's, which lends cargo.
# Without lists of packages (they may have been deleted) nothing is known about a newer one, and the toolchain stays.
debian_version() { apt-cache policy rustc-web 2>/dev/null | sed -n 's/^ *Candidate: //p'; }
rust=$(rustc -vV)
lender=$(printf '%s\n' "$rust" | sed -n 's/^commit-hash: //p')

if [ "$1" = --check ]; then
  ready=$2/ready
  [ -f "$ready" ] || exit 1
  grep -qx "host $lender" "$ready" || exit 1
  candidate=$(debian_version)
  [ -z "$candidate" ] || [ "$candidate" = "(none)" ] || grep -qxF "debian $candidate" "$ready" || exit 1
  exit 0
fi

dir=$(realpath -m "$1")
rm -rf "$dir"
mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/debs"
cd "$dir/debs"

# Lists of our own: a security update removes the old files from the servers, so with stale lists the download fails.
opt="-qq -o Dir::State::lists=$dir/lists -o Dir::Cache=$dir/cache -o Debug::NoLocking=1 -o APT::Sandbox::User=root"
echo "reading Debian's lists of packages"
apt-get $opt update || true
dependency() { apt-cache $opt depends "$1" 2>/dev/null | sed -n "s/^ *Depends: \($2\)\$/\1/p" | head -1; }
std=$(dependency libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
if [ -z "$std" ]; then
  echo "there is no package libstd-rust-web-dev: could not connect to Debian's servers, or this system is older than Debian 12" >&2
  exit 1
fi
llvm=$(dependency "$std" 'libllvm[0-9]*')
version=$(apt-cache $opt policy rustc-web | sed -n 's/^ *Candidate: //p')
# Whatever else it needs and this machine has not, such as libz3-4.
absent=$(apt-get $opt --print-uris --no-install-recommends install rustc-web rust-web-clippy | sed "s/^'[^']*' \([^_]*\)_.*/\1/")
echo "downloading rustc $version"
apt-get $opt download $(printf '%s\n' rustc-web rust-web-src rust-web-clippy libstd-rust-web-dev $std $llvm $absent | sort -u)
echo "unpacking"
for deb in *.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir" --exclude=./usr/share; done
cd "$dir"
# rustup sets LD_LIBRARY_PATH to <toolchain>/lib, Debian's libraries lie one folder deeper.
for so in usr/lib/*-linux-gnu/*.so*; do ln -sf "${so#usr/lib/}" usr/lib/; done

# Debian's package has neither cargo nor rustfmt nor rust-lld of the matching kind: rustup's own do.
up=$(rustc --print sysroot)
host=$(printf '%s\n' "$rust" | sed -n 's/^host: //p')
lib=usr/lib/rustlib
mkdir -p "$lib/$host/bin" "$lib/wasm32-unknown-unknown/lib"
ln -sf "$up/lib/rustlib/$host/bin/rust-lld" "$lib/$host/bin/"
for tool in cargo cargo-fmt rustfmt; do [ ! -e "$up/bin/$tool" ] || ln -sf "$up/bin/$tool" usr/bin/; done

# The standard library is compiled in place; the few crates that it needs come from the Rust package registry.
echo "compiling the standard library"
src=$(cd -P "$lib/src/rust" && pwd)
RUSTUP_TOOLCHAIN=$dir/usr RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=x CARGO_TARGET_DIR=$dir/std \
  RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes --remap-path-prefix=$src=/rustc --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=/cargo" \
  cargo build --locked --release --manifest-path "$src/library/sysroot/Cargo.toml" --target wasm32-unknown-unknown
cp std/wasm32-unknown-unknown/release/deps/*.rlib "$lib/wasm32-unknown-unknown/lib/"
rm -rf lists cache debs std usr/src
{
  RUSTUP_TOOLCHAIN=$dir/usr rustc -V
  echo "debian $version"
  echo "host $lender"
} >ready
