#!/usr/bin/env bash
# Makes the images that a registry would give, from what this machine has, on the engine of DOCKER_HOST:
#   local/aspnet   Debian by debootstrap with the .NET runtime of this machine, laid out as Microsoft's image is
#   local/postgres the same Debian with the PostgreSQL of this machine, started as the official image is
# The Debian is kept in a folder beside the temporary ones, since it takes most of the time, and made anew when it is not there.
set -euo pipefail
export DOCKER_BUILDKIT=0
here=$(cd "$(dirname "$0")" && pwd)
work=$1
. /etc/os-release
cache=${TMPDIR:-/tmp}/chronos-debian-$(id -u)-$VERSION_CODENAME-$(sha256sum "$0" | cut -c1-12).tar

if ! [ -s "$cache" ]; then
  # The mirror is the one that apt uses here, whichever that is.
  mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' | awk -v r="$VERSION_CODENAME" '$2 == r { print $1; exit }')
  [ -n "$mirror" ] || { echo "apt knows no mirror of $VERSION_CODENAME" >&2; exit 1; }
  debootstrap --variant=minbase --include=ca-certificates,libgcc-s1,libssl3,libstdc++6,tzdata "$VERSION_CODENAME" "$work/debian" "$mirror" >"$work/debootstrap.log" ||
    { tail -5 "$work/debootstrap.log" >&2; exit 1; }
  # The names of mirrors and what only documents things stay out of it.
  rm -rf "$work/debian/var/cache/apt/archives" "$work"/debian/var/lib/apt/lists/* "$work"/debian/usr/share/{doc,man,locale,info}/* "$work/debian/etc/apt/sources.list"
  tar -C "$work/debian" --exclude=./dev --exclude=./proc --exclude=./sys -cf "$cache.$$" .
  mv "$cache.$$" "$cache"
fi

docker import "$cache" local/debian >/dev/null

# As in Microsoft's image: the runtime in /usr/share/dotnet, a user app with number 1654.
root=$work/aspnet
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
mkdir -p "$root/usr/share/dotnet/shared" "$root/usr/bin"
cp -a "$dotnet/dotnet" "$dotnet/host" "$root/usr/share/dotnet/"
for framework in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
  version=$(ls "$dotnet/shared/$framework" | grep '^10\.' | sort -V | tail -1)
  mkdir -p "$root/usr/share/dotnet/shared/$framework"
  cp -a "$dotnet/shared/$framework/$version" "$root/usr/share/dotnet/shared/$framework/"
done
ln -s /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
cat >"$root.Dockerfile" <<'DOCKERFILE'
FROM local/debian
COPY . /
ENV ASPNETCORE_HTTP_PORTS=8080 DOTNET_RUNNING_IN_CONTAINER=true APP_UID=1654
RUN useradd --uid 1654 --user-group --create-home app
DOCKERFILE
docker build --quiet --tag local/aspnet --file "$root.Dockerfile" "$root" >/dev/null 2>"$work/build.log" || { cat "$work/build.log" >&2; exit 1; }

# As in the official image: the programs in PATH, a user with number 999, the data in /var/lib/postgresql/data.
root=$work/postgres
programs=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | sort -V | tail -1)")
version=$(basename "$(dirname "$programs")")
mkdir -p "$root/usr/share/postgresql" "$root/usr/local/bin" "$root/usr/local/lib/postgresql" "$root/var/lib/postgresql/data" "$root${programs%/bin}"
cp -a "$programs" "/usr/lib/postgresql/$version/lib" "$root/usr/lib/postgresql/$version/"
cp -aL "/usr/share/postgresql/$version" "$root/usr/share/postgresql/"
# Without the just-in-time compiler, which is larger than all the rest.
rm -rf "$root/usr/lib/postgresql/$version/lib/bitcode" "$root/usr/lib/postgresql/$version"/lib/llvmjit*
for program in "$root$programs"/* "$root/usr/lib/postgresql/$version/lib"/*.so; do ldd "$program" 2>/dev/null; done |
  awk '/=> \// { print $3 }' | sort -u | grep -vE '/lib(c|m|dl|rt|pthread|resolv)\.so' | while read -r library; do
    cp -L "$library" "$root/usr/local/lib/postgresql/"
  done
cp "$here/postgres.sh" "$root/usr/local/bin/docker-entrypoint.sh"
chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
cat >"$root.Dockerfile" <<DOCKERFILE
FROM local/debian
COPY . /
ENV PATH="$programs:\$PATH" LD_LIBRARY_PATH=/usr/local/lib/postgresql PGDATA=/var/lib/postgresql/data
RUN useradd --uid 999 --user-group --home-dir /var/lib/postgresql postgres && \\
    chown -R 999:999 /var/lib/postgresql && chmod 700 /var/lib/postgresql/data && mkdir --mode=1777 /run/postgresql
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
DOCKERFILE
docker build --quiet --tag local/postgres --file "$root.Dockerfile" "$root" >/dev/null 2>"$work/build.log" || { cat "$work/build.log" >&2; exit 1; }
